"""Warm-up: the first repeats on a cluster that were slower than all that came after.

The rule, stated wherever it left something out: of at most :data:`MOST` first values in order of time, the last one that lies
beyond the one-sided 99.5 % prediction interval of the values after it (Student's t on logarithms, at least :data:`LEAST_AFTER`
of them) is warm-up, and so is all before it. Only the slow side counts. Without any warm-up this leaves out a value in less
than 2 of 100 sequences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

MOST = 3
LEAST_AFTER = 4
LEVEL = 0.995
RULE = (
    f"Warm-up: of the first {MOST} repeats, those up to the last that is slower than the 99.5 % prediction interval of the "
    "repeats after it are left out."
)


def warm_up(values: Sequence[float], *, higher_is_better: bool = False) -> int:
    """Number of first values that are warm-up.

    Args:
        values: positive values of one metric in order of time, of repeats under the same conditions.
        higher_is_better: whether a slow repeat has a low value (throughput) rather than a high one (seconds).
    """
    from scipy import stats

    if any(not value > 0 for value in values):
        return 0
    logs = np.log(np.asarray(values, float)) * (-1 if higher_is_better else 1)
    for count in range(min(MOST, len(logs) - LEAST_AFTER), 0, -1):
        after = logs[count:]
        spread = float(after.std(ddof=1)) * math.sqrt(1 + 1 / len(after))
        if logs[count - 1] > after.mean() + stats.t.ppf(LEVEL, len(after) - 1) * spread + 1e-9:
            return count
    return 0
