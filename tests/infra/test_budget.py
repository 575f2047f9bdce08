"""Hard limits of one command, as numbers; what they do to clusters is in ``tests/infra/gcp``."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.budget import DELETION_S, LEAST_S, Budget
from infra.errors import LimitError
from infra.options import Options


def budget(max_usd: float | None = None, max_minutes: float | None = None) -> Budget:
    return Budget(Options(Path("runs"), max_usd=max_usd, max_minutes=max_minutes), clock=lambda: 0.0)


def test_money_does_not_limit_clusters_that_cost_nothing() -> None:
    assert budget(max_usd=1e-9).allowed_s([0.0, 0.0], longest_s=5000.0) == 5000.0


def test_money_limits_how_long_clusters_may_live() -> None:
    assert budget(max_usd=2.0).allowed_s([1.0, 3.0], longest_s=5000.0) == 1800.0 - DELETION_S


def test_time_limits_clusters_that_cost_nothing_too() -> None:
    minutes = (LEAST_S + DELETION_S) / 60
    assert budget(max_usd=1.0, max_minutes=minutes).allowed_s([0.0], longest_s=5000.0) == LEAST_S
    with pytest.raises(LimitError, match="Raise the limit"):
        budget(max_usd=1.0, max_minutes=minutes - 1).allowed_s([0.0], longest_s=5000.0)
