"""Labels that make ours recognisable, in the form that Google's APIs accept.

Keys and values: at most 63 of lower-case letters, digits, hyphens and underscores.
Source: cloud.google.com/resource-manager/docs/labels-overview.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime

LEASE = "bakeoff-lease"
SCENARIO = "bakeoff-scenario"
EXPIRES = "bakeoff-expires"
ATTEMPT = "bakeoff-attempt"
NAMESPACE = uuid.UUID("6f1d6f0e-9b0a-5b57-9d4e-0f6f3f0f2a11")  # of our request ids; any fixed one does


def labels(lease: str, scenario: str, expires_at: datetime) -> dict[str, str]:
    """The labels of everything that belongs to a lease; the expiry is Unix seconds, since a label can hold no colon."""
    return {
        LEASE: label_value(lease),
        SCENARIO: label_value(scenario),
        EXPIRES: str(int(expires_at.astimezone(UTC).timestamp())),
    }


def label_value(text: str) -> str:
    """Text as a label's value."""
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())[:63]


def request_id(*parts: object) -> str:
    """The id of one request, the same for the same parts, 36 characters: a repeated request is known by it.

    Dataproc accepts up to 40 letters, digits, hyphens and underscores
    (cloud.google.com/dataproc/docs/reference/rest/v1/projects.regions.jobs/submit).
    """
    return str(uuid.uuid5(NAMESPACE, "/".join(str(part) for part in parts)))
