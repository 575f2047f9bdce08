"""Which runs of a table are of one configuration: the columns that tell them apart."""

from __future__ import annotations

import pandas as pd

from analysis.errors import SearchError
from analysis.search import features as names
from analysis.search.run_table import APPS, METRICS, OUTCOMES, RunTable

PRICE = names.PRICE_NODE[0]
ANSWERS = ("workload", *APPS, "completed", *OUTCOMES)


def feature_columns(runs: RunTable, asked: list[str] | None) -> list[str]:
    """The columns that strategies see: those asked for, else those known by name.

    Raises:
        SearchError: no such column, none is known, or one that holds the answer.
    """
    columns = runs.rows.columns
    if asked:
        for name in asked:
            if name not in columns:
                raise SearchError(f"--features: no column '{name}'. Columns: {runs.columns}.")
            if name in ANSWERS or name.startswith(METRICS):
                raise SearchError(
                    f"--features: '{name}' says which job ran or what its run showed, and a search may not know that before "
                    f"it paid for the run. Nor {', '.join(ANSWERS)}, m_*, max_*. Leave it out; a setting of that name: rename it."
                )
        return list(dict.fromkeys(asked))
    known = [name for name in names.KNOWN if name in columns]
    if not known:
        raise SearchError(f"No feature column is known by name among {runs.columns}. Name them: --features a,b,c.")
    return known


def key_columns(table: pd.DataFrame, features: list[str]) -> list[str]:
    """The columns by which configurations differ: features, and what else is known by name."""
    return list(dict.fromkeys([*features, *(name for name in names.KNOWN if name in table.columns)]))
