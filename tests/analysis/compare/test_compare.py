"""Comparisons: right verdicts at the right rates, leases as the unit, and exit codes that a pipeline can use."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare.comparison import (
    Comparison,
    compare_all_scenarios,
    compare_scenarios,
    compare_sets,
    compare_variants,
)
from analysis.compare.difference import adjust, difference, repeats_needed
from analysis.errors import AnalysisError
from analysis.measures.units import Units, units_of, values_of
from analysis.records.runs import load
from analysis.statistics.intervals import MIN_REPEATS, interval_of
from analysis.statistics.warmup import warm_up
from tests.support.analysis import factory
from tests.support.analysis.pairs import A, B, write


def units(values: list[float] | np.ndarray, blocks: bool = False) -> Units:
    named = pd.Series(np.asarray(values, float), index=[f"l{i}" for i in range(len(values))])
    return Units(named, {f"l{i}": ("demo", i) for i in range(len(values))} if blocks else {}, len(values), ())


def compared(tmp_path: Path, first: list[float], second: list[float], **changes: int) -> Comparison:
    write(tmp_path, {A: first, B: second}, **changes)  # type: ignore[arg-type]
    (found,) = compare_scenarios(load(tmp_path, "demo"), A, B)
    return found


def test_a_paired_test_is_the_libraries_t_of_log_ratios(tmp_path: Path) -> None:
    first, second = [40.0, 44, 41, 47, 43, 42], [36.0, 40, 38, 41, 39, 37.5]
    found = compared(tmp_path, first, second)
    logs = np.log(second) - np.log(first)
    reference = stats.ttest_rel(np.log(second), np.log(first))
    interval = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert found.found.pairs == 6
    assert found.found.p_value == pytest.approx(reference.pvalue)
    assert (found.found.low, found.found.high) == pytest.approx((math.exp(interval.low), math.exp(interval.high)))
    assert found.found.ratio == pytest.approx(math.exp(logs.mean()))
    assert (found.verdict, found.word) == ("better", "faster")
    assert found.text.startswith("one-large-ssd is faster than four-small-ssd: run time 0.90")


def test_unpaired_values_take_welchs_test_and_the_known_effect_sizes() -> None:
    x, y = np.array([40.0, 44, 41, 47, 43]), np.array([50.0, 61, 44, 58, 70, 52])
    found = difference(units(x), units(y))
    reference = stats.ttest_ind(np.log(y), np.log(x), equal_var=False)
    assert found.p_value == pytest.approx(reference.pvalue)
    assert found.pairs == 0
    u = sum((b > a) + 0.5 * (b == a) for a in x for b in y)
    assert found.probability_greater == pytest.approx(u / 30)
    pooled = math.sqrt((4 * np.log(x).var(ddof=1) + 5 * np.log(y).var(ddof=1)) / 9)
    g = (np.log(y).mean() - np.log(x).mean()) / pooled * (1 - 3 / (4 * 9 - 1))
    assert found.hedges_g == pytest.approx(g, rel=1e-3)


def test_holm_is_statsmodels_and_missing_tests_do_not_count() -> None:
    assert adjust([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert adjust([]) == []


def test_blocks_find_what_drift_of_the_host_would_hide(tmp_path: Path) -> None:
    drift = np.array([1.0, 1.5, 0.8, 1.9, 1.2, 2.4])
    jitter = np.array([1.0, 1.01, 0.99, 1.005, 0.995, 1.0])
    found = compared(tmp_path, (40 * drift).tolist(), (36 * drift * jitter).tolist())
    assert found.verdict == "better"
    assert difference(units(40 * drift), units(36 * drift * jitter)).p_value > 0.5  # type: ignore[operator]


def test_repeats_on_one_lease_are_one_value(tmp_path: Path) -> None:
    """Twelve runs on three leases each: the runs alone would be called a difference, and the leases are too few."""
    rng = np.random.default_rng(1)
    first = np.repeat([40.0, 50, 60], 4) * np.exp(0.01 * rng.normal(size=12))
    second = np.repeat([55.0, 65, 75], 4) * np.exp(0.01 * rng.normal(size=12))
    assert difference(units(first), units(second)).p_value < 0.001  # type: ignore[operator]
    found = compared(tmp_path, first.tolist(), second.tolist(), per_lease=4)
    assert (found.a.runs, found.a.leases) == (12, 3)
    assert (found.verdict, found.more_repeats) == ("too_few", 2)
    assert "run 2 more" in found.text


@pytest.mark.parametrize("count", [1, 4, 5])
def test_no_verdict_below_five_leases(tmp_path: Path, count: int) -> None:
    found = compared(tmp_path, [50.0 + i for i in range(count)], [30.0 + i for i in range(count)])
    assert found.verdict == ("better" if count == MIN_REPEATS else "too_few")


def test_noise_asks_for_repeats_and_the_number_is_that_of_the_power(tmp_path: Path) -> None:
    from statsmodels.stats.power import TTestPower

    found = compared(tmp_path, [40.0, 60, 45, 55, 50], [60.0, 42, 52, 47, 49])
    assert found.verdict == "too_noisy"
    assert found.more_repeats is not None
    needed = found.more_repeats + 5
    effect = math.log(1.1) / found.found.spread
    assert TTestPower().power(effect, needed, 0.05) >= 0.8 > TTestPower().power(effect, needed - 1, 0.05)
    assert f"run {found.more_repeats} more" in found.text


def test_equal_shapes_measured_well_are_no_evidence(tmp_path: Path) -> None:
    found = compared(tmp_path, [40.0, 40.4, 39.8, 40.1, 40.2, 39.9], [40.1, 40.2, 40.0, 39.9, 40.3, 39.8])
    assert (found.verdict, found.more_repeats) == ("no_evidence", 0)


def test_power_that_no_number_of_repeats_reaches_is_said() -> None:
    wild = difference(units([1.0, 1000, 3, 500, 20]), units([900.0, 2, 40, 7, 300]))
    assert repeats_needed(wild, 0.05) is None


@pytest.mark.slow
def test_false_positives_and_coverage_are_at_their_rates() -> None:
    """Log-normal noise with an effect of the lease: what the verdict's p-value and the ratio's interval promise."""
    rng, count = np.random.default_rng(2), 400
    wrong = {True: 0, False: 0}
    held = {True: 0, False: 0}
    for _ in range(count):
        host = rng.normal(size=6) * 0.3  # drift of the host, common to a block
        for paired in (True, False):
            drift = host if paired else 0.0
            x = 40 * np.exp(drift + 0.1 * rng.normal(size=6))
            y = 40 * np.exp(drift + 0.1 * rng.normal(size=6))
            null = difference(units(x, paired), units(y, paired))
            assert null.p_value is not None and null.low is not None and null.high is not None
            wrong[paired] += null.p_value < 0.05
            held[paired] += null.low <= 1 <= null.high
    for paired in (True, False):
        assert 0.02 <= wrong[paired] / count <= 0.09
        assert 0.91 <= held[paired] / count <= 0.98


@pytest.mark.slow
def test_holm_holds_the_rate_of_any_false_verdict() -> None:
    rng, count = np.random.default_rng(3), 200
    any_wrong = any_uncorrected = 0
    for _ in range(count):
        shapes = [units(40 * np.exp(0.1 * rng.normal(size=6))) for _ in range(4)]
        p = [difference(shapes[i], shapes[j]).p_value for i in range(4) for j in range(i)]
        any_uncorrected += min(x for x in p if x is not None) < 0.05
        any_wrong += min(x for x in adjust(p) if x is not None) < 0.05
    assert any_wrong / count <= 0.085
    assert any_uncorrected / count > 0.1


@pytest.mark.parametrize("n", [2, 3, 5, 9, 10, 25])
def test_intervals_of_a_median_cover(n: int) -> None:
    rng, count = np.random.default_rng(4), 400 if n < 10 else 120
    held = 0
    for _ in range(count):
        interval = interval_of((40 * np.exp(0.25 * rng.normal(size=n))).tolist())
        assert interval is not None and interval.low is not None and interval.high is not None
        held += interval.low <= 40 <= interval.high
    assert held / count >= (0.92 if n < 10 else 0.87)
    assert interval is not None
    assert interval.method == ("t on logarithms" if n < 10 else "bootstrap of the median")


def test_a_bootstrap_of_few_values_would_not_cover() -> None:
    """The reason for t on logarithms below ten values."""
    rng, held = np.random.default_rng(5), 0
    for _ in range(200):
        values = 40 * np.exp(0.25 * rng.normal(size=3))
        medians = np.median(values[rng.integers(3, size=(400, 3))], axis=1)
        held += np.quantile(medians, 0.025) <= 40 <= np.quantile(medians, 0.975)
    assert held < 170


def test_warm_up_is_seen_and_nothing_else_is() -> None:
    assert warm_up([60.0, 40, 41, 39, 40, 40.5]) == 1
    assert warm_up([60.0, 55, 40, 41, 39, 40, 40.5]) == 2  # the second must not hide the first
    assert warm_up([30.0, 40, 41, 39, 40, 40.5]) == 0  # faster is no warm-up
    assert warm_up([300.0, 400, 410, 390, 400, 405], higher_is_better=True) == 1
    assert warm_up([60.0, 40, 41, 39]) == 0  # too few after it to tell
    rng = np.random.default_rng(6)
    wrong = sum(warm_up((40 * np.exp(0.1 * rng.normal(size=8))).tolist()) > 0 for _ in range(1500))
    assert wrong / 1500 < 0.025


def test_warm_up_is_left_out_and_said(tmp_path: Path) -> None:
    times = [80.0, 40, 40.5, 39.5, 40.2, 40.1]
    write(tmp_path, {A: times, B: times}, per_lease=6)
    runs = load(tmp_path, "demo")
    rows = values_of(runs, "run_s")
    found = units_of(rows[rows["scenario"] == A], "run_s")
    assert found.warm_up == (f"demo/{A}-write_tfrecords-0",)
    assert found.values.iloc[0] == pytest.approx(stats.gmean(times[1:]))
    (comparison,) = compare_scenarios(runs, A, B)
    assert "1 run of four-small-ssd left out. Warm-up:" in comparison.text


def test_throughput_is_compared_per_kind_and_higher_is_better(tmp_path: Path) -> None:
    for scenario, factor in ((A, 1.0), (B, 1.5)):
        for repeat in range(5):
            record = factory.run_json(scenario, "read_speed", repeat, lease=f"{scenario[0]}{repeat:05}")
            rows = [factory.measurement(rate * factor * (1 + 0.01 * repeat), format=kind)
                    for kind, rate in (("image", 90.0), ("tfrecord", 4000.0))]  # fmt: skip
            factory.write(tmp_path, record, measurements=rows)
    found = compare_scenarios(load(tmp_path, "demo"), A, B, "images_per_s")
    assert [(c.kind, c.verdict, c.word) for c in found] == [
        ("read image bucket unknown", "better", "faster"), ("read tfrecord bucket unknown", "better", "faster")
    ]  # fmt: skip
    assert found[0].found.ratio == pytest.approx(1.5)
    cost = compare_scenarios(load(tmp_path, "demo"), A, B, "cost_per_1000_usd")
    assert {c.word for c in cost} == {"cheaper"}


def test_all_pairs_are_corrected_together_and_variants_are_compared_on_a_scenario(tmp_path: Path) -> None:
    write(tmp_path, {name: [40.0 + 10 * i + j for j in range(5)] for i, name in enumerate(factory.SHAPES)})
    found = compare_all_scenarios(load(tmp_path, "demo"))
    assert [c.comparisons for c in found] == [3, 3, 3]
    assert all(
        c.p_adjusted is not None and c.found.p_value is not None and c.p_adjusted >= c.found.p_value for c in found
    )
    for slices, factor in ((8, 1.0), (16, 0.7)):
        for repeat in range(5):
            factory.write(tmp_path, factory.run_json(
                A, "read_speed", repeat, run_s=factor * (40 + repeat), lease=f"v{repeat:05}", experiment="variants",
                configuration={"slices": slices}, cell=f"{slices}-{repeat}"))  # fmt: skip
    (one,) = compare_variants(load(tmp_path, "variants"))
    assert (one.a.name, one.b.name, one.where, one.word) == ("slices=16", "slices=8", A, "slower")


def test_sets_of_runs_compare_across_revisions_and_not_across_conditions(tmp_path: Path) -> None:
    write(tmp_path, {A: [40.0, 41, 42, 43, 44]}, experiment="before")
    write(tmp_path, {A: [50.0, 51, 52, 53, 54]}, experiment="after", git_revision="fedcba9876543210")
    write(tmp_path, {A: [50.0, 51, 52, 53, 54]}, experiment="share", share=0.2)
    before, after, share = (load(tmp_path, name) for name in ("before", "after", "share"))
    (found,) = compare_sets(before, after, ("before", "after"))
    assert (found.verdict, found.word, found.where) == ("worse", "slower", A)
    assert found.found.pairs == 0  # repeats of different experiments are no blocks
    (found,) = compare_sets(before, share, ("before", "share"))
    assert found.verdict == "not_comparable"
    assert "0.15, 0.2 host cores per vCPU" in found.text
    assert "settings differ" not in found.text
    write(tmp_path, {A: [50.0, 51, 52, 53, 54]}, experiment="slices", configuration={"slices": 8})
    (found,) = compare_sets(before, load(tmp_path, "slices"), ("before", "slices"))
    assert (
        "settings differ too, and are part of the difference: image_size 192 against unset; slices unset against 8"
        in (found.text)
    )


def test_without_complete_isolation_there_is_no_verdict(tmp_path: Path) -> None:
    write(tmp_path, {A: [50.0] * 6, B: [30.0] * 6}, isolation=factory.NONE)
    (found,) = compare_scenarios(load(tmp_path, "demo"), A, B)
    assert found.verdict == "no_isolation"
    assert "CPU is not limited: this needs root." in found.text


def test_wrong_names_say_what_there_is(tmp_path: Path) -> None:
    write(tmp_path, {A: [40.0]})
    runs = load(tmp_path, "demo")
    with pytest.raises(AnalysisError, match=r"No ok run of scenario 'other'.*four-small-ssd"):
        compare_scenarios(runs, A, "other")
    with pytest.raises(AnalysisError, match=r"must be one of run_s, images_per_s.*received 'cpu_used_ratio'"):
        compare_all_scenarios(runs, "cpu_used_ratio")
