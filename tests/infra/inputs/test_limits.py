"""Hard limits of one command, as numbers; what they do to clusters is in ``tests/infra/targets``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from infra.base.errors import LimitError, UsageError
from infra.base.options import Options
from infra.base.progress import Silent
from infra.clusters.pool import Pool
from infra.inputs.experiment import Experiment, WorkloadSpec
from infra.inputs.limits import DELETION_S, LEAST_S, Budget


def budget(max_usd: float | None = None, max_minutes: float | None = None) -> Budget:
    return Budget(Options(Path("runs"), max_usd=max_usd, max_minutes=max_minutes), clock=lambda: 0.0)


def test_money_does_not_limit_clusters_that_cost_nothing() -> None:
    assert budget(max_usd=1e-9).allowed_s([0.0, 0.0], longest_s=5000.0) == 5000.0


def test_money_limits_how_long_clusters_may_live() -> None:
    assert budget(max_usd=2.0).allowed_s([1.0, 3.0], longest_s=5000.0) == 1800.0 - DELETION_S


def test_time_limits_clusters_that_cost_nothing_too() -> None:
    assert LEAST_S >= 600 + 300  # Dataproc's own least, and what an apply may take before it asks Dataproc
    minutes = (LEAST_S + DELETION_S) / 60
    assert budget(max_usd=1.0, max_minutes=minutes).allowed_s([0.0], longest_s=5000.0) == LEAST_S
    with pytest.raises(LimitError, match="Raise the limit"):
        budget(max_usd=1.0, max_minutes=minutes - 1).allowed_s([0.0], longest_s=5000.0)


@pytest.mark.parametrize("repeat_level", ["attempt", "lease"])
def test_limits_are_refused_before_the_first_cell_where_nothing_is_paid_for(
    tmp_path: Path, repeat_level: Literal["attempt", "lease"]
) -> None:
    experiment = Experiment(
        name="x",
        scenarios=["one-large-ssd"],
        repeats=1,
        repeat_level=repeat_level,
        workloads=[WorkloadSpec(name="read_speed")],
    )
    pool = Pool(experiment, {}, Options(tmp_path, max_usd=1.0), None, Silent())
    with (
        pytest.raises(UsageError, match="--target local does not take --max-usd; nothing is paid for there"),
        pool.open({"one-large-ssd": 60.0}),
    ):
        pytest.fail("it was opened")
