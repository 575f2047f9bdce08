"""Rows of a frame by what they are of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd


def groups(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """The values of ``columns`` as text, in their order, with the rows that have them; a missing value is empty text."""
    for found, rows in frame.groupby(list(columns), sort=True, dropna=False, observed=True):
        key: tuple[Any, ...] = found
        yield tuple("" if pd.isna(part) else str(part) for part in key), rows
