"""Which recorded applications the constants of ``bakeoff`` were chosen on, so that it can be judged on the others."""

from __future__ import annotations

from typing import Literal, get_args

from analysis.errors import SearchError
from analysis.search.core.recordings import Recording

Split = Literal["all", "tuning", "held-out"]
TUNING_APPS = frozenset({"join", "kmeans", "lr", "pagerank", "terasort"})
"""Applications of Scout's data. Of whichever recording: one that shares its name with these is not held out."""


def select_split(recordings: list[Recording], split: str) -> list[Recording]:
    """The workloads of one side of the split, to be judged; what is learnt from is not restricted by it.

    Raises:
        SearchError: no such split, or no workload on that side.
    """
    if split not in get_args(Split):
        raise SearchError(f"A split is one of {', '.join(get_args(Split))}; received '{split}'.")
    kept = [r for r in recordings if split == "all" or (r.app in TUNING_APPS) == (split == "tuning")]
    if not kept:
        known = ", ".join(sorted({r.app for r in recordings}))
        raise SearchError(f"No workload is in the split '{split}'. Applications of the recording: {known}.")
    return kept
