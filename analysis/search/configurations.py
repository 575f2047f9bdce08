"""Which runs of a table are of one configuration: the columns that tell them apart, and notes on what seems to be missing."""

from __future__ import annotations

import re

import pandas as pd

from analysis.errors import SearchError
from analysis.search import features as names
from analysis.search.run_table import APPS, METRICS, OUTCOMES, RunTable

PRICE = names.PRICE_NODE[0]
ANSWERS = ("workload", *APPS, "completed", *OUTCOMES)
NOT_CHOSEN = re.compile(  # words in names of columns that tell runs apart, or what a run showed
    "run|runs|runtime|repeat|repetition|rep|replicate|iteration|round|trial|attempt|seed|index|id|uuid|unnamed"
    "|timestamp|time|date|day|hour|start|started|end|ended|duration|elapsed|host|hostname|user|status|state|error|errors|exit"
    "|note|notes|comment|log|price|cost|usd|cv|std"
)
FEW = 10  # values of a setting that somebody chose, or twice those in one configuration


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


def changing_price(table: pd.DataFrame, keys: list[str]) -> str | None:
    """A note if one configuration's price per node changed from run to run; None: it did not, or prices tell what a node is."""
    others = [key for key in keys if key != PRICE]
    machine, cores, memory = (
        any(key in kinds for key in others)
        for kinds in (names.MACHINE, (*names.VCPUS, *names.TOTAL_CORES), (*names.MEMORY, *names.TOTAL_MEMORY))
    )
    if PRICE not in keys or not (machine or (cores and memory)):
        return None
    prices = pd.to_numeric(table[PRICE], errors="coerce").groupby([table[key] for key in others], dropna=False)
    factor = (prices.max() / prices.min()).max()
    if not factor > 1:
        return None
    return (
        f"{PRICE} of one configuration changes by a factor of up to {factor:.3g}: the median counts, and configurations are "
        f"not told apart by it. If they are: --features {','.join([*others, PRICE])}"
    )


def unexplained_repeats(table: pd.DataFrame, ids: pd.Series, keys: list[str]) -> str | None:
    """A note if rows taken for repeats differ in columns that look like settings; None: they do not.

    Args:
        table: runs.
        ids: number of the configuration of each, by workload and keys.
        keys: columns that were taken to tell configurations apart.
    """
    again = ids.duplicated(keep=False)
    rows, of = table[again], ids[again]
    settings = [
        str(name)
        for name, column in rows.items()
        if name not in (*keys, *ANSWERS, *names.PRICE_NODE)
        and not str(name).startswith(METRICS)
        and not any(NOT_CHOSEN.fullmatch(word) for word in re.split(r"[^a-z]+", str(name).lower()))
        and _looks_chosen(column, of)
    ]
    if not settings:
        return None
    return (
        f"{len(rows)} rows are taken for repeats of {of.nunique()} configurations; column(s) {', '.join(settings)} differ "
        f"among them: name them with --features if they are part of the configuration "
        f"(--features {','.join([*keys, *settings])}), and in the workload's name if they are part of the job"
    )


def _looks_chosen(column: pd.Series, ids: pd.Series) -> bool:
    """Whether it varies within configurations, with few values that recur, as a setting does and a measurement does not."""
    distinct, most = column.nunique(), column.groupby(ids).nunique().max()
    return most > 1 and distinct <= len(column) / 2 and distinct <= max(FEW, 2 * most)
