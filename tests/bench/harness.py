"""Compare two ways of doing the same work in one run: alternating, warm, medians, a ratio with its interval.

A bench is a module ``tests/bench/bench_<name>.py`` with ``measure(folder: Path) -> list[Result]``. Machines are shared
and drift, so only ratios are judged, and both sides of one are measured in turns within the same minutes.
"""

from __future__ import annotations

import gc
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from scipy import stats

RUNS = 5
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Result:
    """One bar, and what was measured for it."""

    what: str
    value: float
    low: float | None = None  # 95 % interval of the value; None: not a ratio of repeated runs
    high: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""  # "": a ratio
    runs: int = 1
    rates: dict[str, float] = field(default_factory=dict)  # medians of both sides, by name
    profile: list[str] = field(default_factory=list)  # where the time goes, printed when the bar is missed

    @property
    def met(self) -> bool | None:
        """None: reported beside a bar, and none itself."""
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.at_most is not None:
            return self.value <= self.at_most
        return None

    @property
    def bar(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return f"<= {self.at_most:g}" if self.at_most is not None else "-"


def compare(
    what: str,
    ours: Callable[[], float],
    reference: Callable[[], float],
    *,
    names: tuple[str, str],
    at_least: float | None = None,
    runs: int = RUNS,
    profile: Callable[[], list[str]] | None = None,
) -> Result:
    """Ratio of two rates (each call returns one, in units/s), ours to the reference's.

    Both are called once unmeasured, then in turns, the first one changing, ``runs`` times. The value is the median of
    the ratios of neighbours; the interval is Student's t on their logarithms.
    """
    ours()
    reference()
    a: list[float] = []
    b: list[float] = []
    for run in range(runs):
        for side, rates in ((ours, a), (reference, b)) if run % 2 == 0 else ((reference, b), (ours, a)):
            gc.collect()
            rates.append(side())
    ratios = [x / y for x, y in zip(a, b, strict=True)]
    low, high = interval(ratios)
    result = Result(
        what=what,
        value=statistics.median(ratios),
        low=low,
        high=high,
        at_least=at_least,
        runs=runs,
        rates={names[0]: statistics.median(a), names[1]: statistics.median(b)},
    )
    if result.met is False and profile is not None:
        result = Result(**{**asdict(result), "profile": profile()})
    return result


def interval(ratios: list[float]) -> tuple[float, float]:
    """95 % interval of the centre of ratios, by Student's t on their logarithms."""
    logs = [math.log(ratio) for ratio in ratios]
    centre, spread = statistics.mean(logs), statistics.stdev(logs) / math.sqrt(len(logs))
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(logs) - 1)) * spread
    return math.exp(centre - reach), math.exp(centre + reach)


def rate(work: Callable[[], int]) -> float:
    """Units of work per second of one call, which returns how many it did."""
    start = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - start)


def host() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "machine": platform.machine(),
        "python": sys.version.split()[0],
    }
