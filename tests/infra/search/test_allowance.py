"""What is left to a search, by number."""

from __future__ import annotations

import pytest

from infra.catalogue.pricing import usd_per_hour
from infra.search.allowance import Allowance
from tests.support.search import SHAPES, ran

PAIRS = [("a", shape) for shape in SHAPES[:4]]


@pytest.mark.parametrize(
    ("parallel", "max_runs", "granted"),
    [(1, None, [1.0]), (2, None, [0.5, 0.5]), (9, None, [0.25] * 4), (4, 1, [1.0]), (4, 3, [1 / 3] * 3)],
)
def test_what_is_left_is_shared_by_the_runs_that_may_start(
    parallel: int, max_runs: int | None, granted: list[float]
) -> None:
    allowance = Allowance(PAIRS, 1.0, max_runs, parallel)
    assert [allowance.grant(i, i) for i in range(len(granted))] == pytest.approx(granted)


def test_what_was_granted_and_not_paid_is_granted_again() -> None:
    allowance = Allowance(PAIRS, 1.0, None, 2)
    allowance.grant(0, 0), allowance.grant(1, 1)
    allowance.settle(0, ran(SHAPES[0], paid_usd=0.1))
    assert allowance.grant(2, 1) == pytest.approx(1.0 - 0.1 - 0.5)
    allowance.settle(1, None)  # it was refused
    assert allowance.grant(3, 1) == pytest.approx(0.5)


def test_without_a_limit_nothing_is_granted_or_exceeded() -> None:
    allowance = Allowance(PAIRS, None, None, 2)
    allowance.settle(0, ran(SHAPES[0], paid_usd=1e9))
    assert allowance.grant(1, 0) is None
    assert allowance.used_up(9) is allowance.exceeded_by(1, [2, 3]) is None


def test_a_run_is_expected_to_cost_as_long_as_clusters_were_paid_for() -> None:
    """Bringing a cluster up and down is paid for, too."""
    allowance = Allowance(PAIRS, 10.0, None, 1)
    hours = [0.5, 0.2, 0.4]
    for i, (_, shape) in enumerate(PAIRS[:3]):
        allowance.settle(i, ran(shape, paid_usd=hours[i] * usd_per_hour(shape)))
    assert allowance.expected_usd(3) == pytest.approx(0.4 * usd_per_hour(PAIRS[3][1]))
    unpaid = Allowance(PAIRS, 10.0, None, 1)
    unpaid.settle(0, ran(SHAPES[0], paid_usd=None, values={"runtime_s": 7200.0}))
    assert unpaid.expected_usd(1) == pytest.approx(2 * usd_per_hour(PAIRS[1][1]))


def test_runs_under_way_count_and_the_words_name_what_is_next() -> None:
    shape = SHAPES[0]
    allowance = Allowance([("a", shape)] * 4, 2.5, None, 2)
    allowance.settle(0, ran(shape, paid_usd=1.0))
    assert allowance.exceeded_by(1, []) is None
    assert allowance.exceeded_by(2, [1]) == (
        "--max-usd 2.5 would be exceeded: 1.00000 USD are paid, the runs under way are expected to cost 1.00000, the next "
        "run is expected to cost 1.00000"
    )
    assert allowance.used_up(1) is None
    allowance.settle(1, ran(shape, paid_usd=1.5))
    assert allowance.used_up(0) == "--max-usd 2.5 is reached: 2.50000 USD are paid"
    assert Allowance([("a", shape)] * 4, None, 2, 2).used_up(2) == "--max-runs 2 is reached"
