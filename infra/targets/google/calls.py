"""One call of a Google API: repeated where that helps, and its failure said in our words.

Repeated, with exponential backoff: what the server did not answer (UNAVAILABLE, 502, 504), and a rate limit (429 or
RESOURCE_EXHAUSTED with the reason RATE_LIMIT_EXCEEDED). Not repeated: a quota that is used up, which has the same status
code. Source: cloud.google.com/apis/design/errors (reasons, and which codes to retry).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from infra.base.errors import AccessError, CloudError, CredentialsError, MissingError, QuotaError
from workloads.credentials import LOGIN, why_invalid

RATE_REASONS = {"RATE_LIMIT_EXCEEDED", "rateLimitExceeded", "userRateLimitExceeded"}
# How a rate limit says its unit where an older service gives no reason: "limit 'Job requests per minute per region'".
RATE_WORDS = re.compile(r"per (second|minute|\d+ seconds)|rate limit", re.IGNORECASE)
# What gRPC makes of credentials that cannot be renewed: UNAVAILABLE, which would be repeated in vain.
STALE_WORDS = re.compile(r"metadata from plugin failed|reauthentication is needed|invalid_grant", re.IGNORECASE)


class Backoff(NamedTuple):
    """How a call is repeated, in seconds."""

    first_s: float = 1.0
    longest_s: float = 30.0
    total_s: float = 300.0  # then the last failure stands
    attempt_s: float = 60.0  # for one answer


def call(method: Callable[..., Any], request: Any, backoff: Backoff) -> Any:
    """The answer of ``method`` to ``request``; repeating is safe only where the request says who it is.

    Raises:
        CredentialsError, AccessError, QuotaError, MissingError: as their names say, with a cure.
        CloudError: any other failure, in Google's own words.
    """
    from google.api_core.exceptions import GoogleAPIError
    from google.api_core.timeout import ConstantTimeout
    from google.auth.exceptions import GoogleAuthError

    timeout = ConstantTimeout(backoff.attempt_s)  # type: ignore[no-untyped-call]
    try:
        return method(request=request, retry=retry(backoff), timeout=timeout)
    except (GoogleAPIError, GoogleAuthError) as error:
        raise typed_error(error) from error


def retry(backoff: Backoff) -> Any:
    """The rule of repeating, for Google's clients."""
    from google.api_core.retry import Retry

    return Retry(
        predicate=is_transient,
        initial=backoff.first_s,
        maximum=backoff.longest_s,
        multiplier=2,
        timeout=backoff.total_s,
    )


def pages(method: Callable[..., Any], request: Any, backoff: Backoff) -> list[Any]:
    """Every item of a paged list, all pages. Raises as :func:`call`."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        return list(call(method, request, backoff))
    except (GoogleAPIError, GoogleAuthError) as error:  # of a later page
        raise typed_error(error) from error


def is_transient(error: Exception) -> bool:
    """True where the same request may succeed a moment later."""
    from google.api_core import exceptions as google

    if isinstance(error, google.ServiceUnavailable | google.BadGateway | google.GatewayTimeout):
        return not STALE_WORDS.search(str(error))
    return is_rate_limit(error)


def is_rate_limit(error: Exception) -> bool:
    """True for too many requests at a time; false for a quota of things, such as CPUs, that is used up."""
    from google.api_core import exceptions as google

    reasons = {str(getattr(error, "reason", "") or "")}
    reasons |= {str(e.get("reason")) for e in getattr(error, "errors", ()) if isinstance(e, dict)}
    if reasons & RATE_REASONS:
        return True
    if not isinstance(error, google.TooManyRequests):  # RESOURCE_EXHAUSTED is a kind of it
        return False
    if any(type(detail).__name__ == "QuotaFailure" for detail in getattr(error, "details", ())):
        return False
    return bool(RATE_WORDS.search(str(error))) or "quota" not in str(error).lower()


def typed_error(error: Exception) -> CloudError:
    """The failure of a call as a typed error with its cure."""
    from google.api_core import exceptions as google
    from google.auth.exceptions import GoogleAuthError

    if isinstance(error, google.RetryError):
        cause = typed_error(error.cause) if isinstance(error.cause, Exception) else error
        return CloudError(f"Google Cloud did not answer in time, after several attempts: {cause}")
    words = getattr(error, "message", None) or str(error)
    if isinstance(error, GoogleAuthError):
        return CredentialsError(why_invalid(error))
    if isinstance(error, google.Unauthenticated | google.Unauthorized) or STALE_WORDS.search(words):
        return CredentialsError(
            f"The credentials for Google Cloud have expired or are not valid ({words}). Run: {LOGIN}"
        )
    if is_rate_limit(error):
        return CloudError(f"Google Cloud limits the rate of requests, and still did after several attempts: {words}")
    if isinstance(error, google.TooManyRequests) or "QUOTA_EXCEEDED" in words:
        return QuotaError(
            f"A quota of the project is used up: {words} Ask for more (console.cloud.google.com/iam-admin/quotas), "
            "choose a smaller scenario, or another region."
        )
    if isinstance(error, google.Forbidden):
        return AccessError(f"Access denied: {words} {_access_cure(error)}")
    if isinstance(error, google.NotFound):
        return MissingError(f"Not found: {words}")
    return CloudError(f"Google Cloud refused or failed: {type(error).__name__}: {words}")


def _access_cure(error: Any) -> str:
    facts = dict(getattr(error, "metadata", None) or {})
    if getattr(error, "reason", None) == "SERVICE_DISABLED":
        return f"Run: gcloud services enable {facts.get('service', 'SERVICE')}"
    permission = facts.get("permission")
    wanted = f"the permission {permission}" if permission else "a role with that permission"
    return f"Ask whoever owns the project for {wanted}; `bakeoff doctor --target gcp` lists all that are needed."
