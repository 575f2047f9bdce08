"""Features as numbers: logarithms of sizes, one column per class, standardised; what was dropped or filled is said."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.search.core.problem import Candidates

LOG_RATIO = 2.5  # a positive number whose largest value exceeds its smallest this often is a size: its logarithm counts
SPREAD_OF_CLASS = 1.0  # distance of two classes, in standard deviations of a number


@dataclass(frozen=True)
class Encoding:
    """Candidates as a matrix.

    Attributes:
        matrix: (n, d), each column with mean 0 and, if it stands for a number, standard deviation 1.
        columns: d names.
        groups: for each column, the index of the feature it stems from (the classes of one feature share it).
        log_cores: natural logarithm of the total number of cores, (n,), or None where it is not known or the same for all.
        notes: what was dropped or filled, one sentence each.
    """

    matrix: np.ndarray
    columns: tuple[str, ...]
    groups: np.ndarray
    log_cores: np.ndarray | None
    notes: tuple[str, ...]


def encode(candidates: Candidates) -> Encoding:
    """Encode candidates by their derived features."""
    table = candidates.derived
    blocks: list[np.ndarray] = []
    columns: list[str] = []
    groups: list[int] = []
    notes: list[str] = []
    for name in table.columns:
        block, labels, note = _column(table[name], name)
        if note:
            notes.append(note)
        if block is None or any(_same(block, other) for other in blocks):
            continue
        groups += [len(blocks)] * block.shape[1]
        blocks.append(block)
        columns += labels
    rows = len(table)
    matrix = np.hstack(blocks) if blocks else np.zeros((rows, 0))
    if not blocks:
        notes.append("no feature differs between the candidates: they can only be tried one after the other")
    return Encoding(matrix, tuple(columns), np.asarray(groups, int), _log(table, "cores"), tuple(notes))


def _log(table: pd.DataFrame, name: str) -> np.ndarray | None:
    if name not in table or not (table[name] > 0).all() or table[name].nunique() == 1:
        return None
    return np.asarray(np.log(table[name].to_numpy(float)))


def _column(values: pd.Series, name: str) -> tuple[np.ndarray | None, list[str], str | None]:
    note = None
    absent = values.isna().to_numpy()
    missing = int(absent.sum())
    if missing == len(values):
        return None, [], f"{name}: not known for any candidate, left out"
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        column = values.to_numpy(float, na_value=np.nan)
        if missing:
            note = f"{name}: {missing} of {len(values)} values are missing, the median stands in"
        known = np.isfinite(column)
        column = np.where(known, column, np.median(column[known]) if known.any() else 0.0)
        low, high = column.min(), column.max()
        if low == high:
            return None, [], f"{name}: the same for all candidates, left out"
        if low > 0 and high / low > LOG_RATIO:
            column = np.log(column)
        return ((column - column.mean()) / column.std())[:, None], [name], note
    text = np.asarray(["missing" if gone else str(v) for v, gone in zip(values.tolist(), absent, strict=True)])
    if missing:
        note = f"{name}: {missing} of {len(values)} values are missing, taken for a class of their own"
    classes = sorted(set(text.tolist()))
    if len(classes) == 1:
        return None, [], f"{name}: the same for all candidates, left out"
    hot = (text[:, None] == np.asarray(classes)[None, :]).astype(float) * SPREAD_OF_CLASS / np.sqrt(2)
    return hot - hot.mean(axis=0), [f"{name}={c}" for c in classes], note


def _same(block: np.ndarray, other: np.ndarray) -> bool:
    """Whether two features split the candidates in just the same way: one of them is enough."""
    if block.shape[1] == 1 and other.shape[1] == 1:
        return bool(
            abs((block * other).sum()) > 0.9999 * math.sqrt((block**2).sum() * (other**2).sum())
        )  # their means are 0
    if block.shape[1] != other.shape[1]:
        return False
    together = np.hstack([block, other])
    return bool(len(np.unique(together, axis=0)) == len(np.unique(block, axis=0)) == block.shape[1])
