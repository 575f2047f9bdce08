"""The verdict on a measured difference, and the sentence that states it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from analysis.compare.difference import Difference, repeats_needed
from analysis.measures.formats import plural
from analysis.measures.units import HIGHER_IS_BETTER, known_metric
from analysis.statistics.intervals import MIN_REPEATS

ALPHA = 0.05

PairVerdict = Literal["better", "worse", "no_evidence", "too_noisy", "too_few", "no_isolation", "not_comparable"]


class Judgement(NamedTuple):
    """Verdict on B; its word (faster, slower, ...); independent repeats of each side that are missing, where known; why."""

    verdict: PairVerdict
    word: str
    more_repeats: int | None
    text: str


def judge(
    found: Difference,
    p: float | None,
    *,
    names: tuple[str, str],
    leases: tuple[int, int],
    alpha: float,
    metric: str,
    min_effect: float,
) -> Judgement:
    """Judge B against A where nothing stands in the way of a comparison.

    Args:
        p: corrected for the number of comparisons; None where there are too few leases for a test.
        alpha: of the hardest of the comparisons, for the power.
        min_effect: smallest relative difference that should not be missed.
    """
    name_a, name_b = names
    fewest = min(leases)
    if fewest < MIN_REPEATS:
        lacking = MIN_REPEATS - fewest
        have = f"{name_a}: {plural(leases[0], 'lease')}, {name_b}: {plural(leases[1], 'lease')}"
        rule = f"No verdict below {MIN_REPEATS} leases of each side, as repeats on one lease count as one"
        return Judgement("too_few", "too few repeats", lacking, f"{rule}; run {lacking} more ({have}).")
    change = f"{_change(found, metric)}, p {_p(p)}"
    if p is not None and p < ALPHA:
        better = (found.ratio > 1) == (metric in HIGHER_IS_BETTER)
        word = _word(better, metric)
        return Judgement("better" if better else "worse", word, None, f"{name_b} is {word} than {name_a}: {change}.")
    needed = repeats_needed(found, alpha, min_effect)
    have_n = found.pairs or fewest
    if needed is not None and needed <= have_n:
        seen = f"one of {min_effect:.0%} would have been found with a power of 80 %"
        return Judgement("no_evidence", "no evidence", 0, f"No evidence of a difference: {change}; {seen}.")
    more = None if needed is None else needed - have_n
    times = "over 1,000" if more is None else more
    text = f"Too noisy to tell: {change}; run {times} more to find one of {min_effect:.0%}."
    return Judgement("too_noisy", "too noisy", more, text)


def _word(better: bool, metric: str) -> str:
    if metric.startswith("cost"):
        return "cheaper" if better else "dearer"
    return "faster" if better else "slower"


def _p(p: float | None) -> str:
    return "unknown" if p is None else "< 0.001" if p < 0.001 else f"= {p:.3f}"


def _change(found: Difference, metric: str) -> str:
    name = known_metric(metric).label.lower()
    bounds = f" (95 %: {found.low:.3g} to {found.high:.3g})" if found.low is not None and found.high is not None else ""
    return f"{name} {found.ratio:.3g} times{bounds}"
