"""What a new lease on Google Cloud keeps: where it is, what it may cost, and until when it may stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from infra.base.options import Options
from infra.inputs.limits import Budget
from infra.leases.lease import DEFAULT_TTL_HOURS
from infra.targets.google import dependencies
from infra.targets.google.lease_state import GcpState
from infra.targets.google.settings import load_settings


def lease_fields(options: Options, rate: float, estimate_usd: Callable[[float], float]) -> Mapping[str, object]:
    """The fields of its state.

    Args:
        rate: USD per hour at the worst price.
        estimate_usd: what so many seconds cost.

    Raises:
        LimitError: the limits leave too little.
    """
    settings = load_settings()
    limit_s = options.allowed_s or Budget(options).allowed_s([rate], DEFAULT_TTL_HOURS * 3600)
    return {
        "expires_at": (datetime.now(UTC) + timedelta(seconds=limit_s)).isoformat(),
        "gcp": GcpState(
            settings=settings,
            max_usd=options.max_usd,
            max_minutes=options.max_minutes,
            limit_s=limit_s,
            worst_usd_per_hour=rate,
            estimated_usd=estimate_usd(min(options.expected_s or limit_s, limit_s)),
            dependencies_uri=dependencies.uri(settings, packages=options.packages),
        ),
    }
