"""Which runs of a table are of one configuration: the columns that tell them apart, and notes on what seems to be missing."""

from __future__ import annotations

import re

import pandas as pd

from analysis.errors import SearchError
from analysis.search.core import features as names
from analysis.search.core.run_table import APPS, METRICS, OUTCOMES, RunTable

PRICE = names.PRICE_NODE[0]
ANSWERS = ("workload", *APPS, "completed", *OUTCOMES)
NOT_CHOSEN = re.compile(  # names that tell runs apart, or what a run showed: by any word, the last one, or the whole
    "(.*_)?(run|runs|runtime|repeat|repetition|rep|replicate|iteration|round|trial|attempt|seed|id|uuid|unnamed"
    "|timestamp|time|date|day|hour|started|ended|duration|elapsed|hostname|status|state|error|errors|exit"
    "|note|notes|comment|price|cost|usd|cv|std)(_.*)?|(.*_)?(start|end|host|user|log)|index"
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
    """A note if one configuration's price per node changed from run to run, or some of its runs have none; None: neither, or
    prices tell what a node is.
    """
    others = [key for key in keys if key != PRICE]
    machine, cores, memory = (
        any(key in kinds for key in others)
        for kinds in (names.MACHINE, (*names.VCPUS, *names.TOTAL_CORES), (*names.MEMORY, *names.TOTAL_MEMORY))
    )
    if PRICE not in keys or not (machine or (cores and memory)):
        return None
    prices = pd.to_numeric(table[PRICE], errors="coerce").groupby([table[key] for key in others], dropna=False)
    factor, given = (prices.max() / prices.min()).max(), prices.count()
    if factor > 1:
        said = f"changes by up to {100 * (factor - 1):.2g} %"
    elif ((given > 0) & (given < prices.size())).any():
        said = "is missing in some of its runs"
    else:
        return None
    return (
        f"{PRICE} of one configuration {said}: the median counts, and configurations are not told apart by it. "
        f"If they are: --features {','.join([*others, PRICE])}"
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
    chosen = [
        str(name)
        for name, column in rows.items()
        if name not in (*keys, *ANSWERS, *names.PRICE_NODE)
        and not NOT_CHOSEN.fullmatch("_".join(re.findall("[a-z]+", str(name).lower())))
        and _looks_chosen(column, of)
    ]
    settings = [name for name in chosen if not name.startswith(METRICS)]
    misnamed = [name for name in chosen if name.startswith(METRICS) and _whole(rows[name])]
    cures = []
    if settings:
        cures.append(
            f"column(s) {', '.join(settings)} differ among them: name them with --features if they are part of the "
            f"configuration (--features {','.join([*keys, *settings])}), and in the workload's name if they are part of the job"
        )
    if misnamed:
        cures.append(
            f"column(s) {', '.join(misnamed)} differ among them and count as what a run showed, as m_* and max_* do: rename "
            "them if they are settings"
        )
    if not cures:
        return None
    return "; ".join([f"{len(rows)} rows are taken for repeats of {of.nunique()} configurations", *cures])


def _looks_chosen(column: pd.Series, ids: pd.Series) -> bool:
    """Whether it varies within configurations, with few values that recur, as a setting does and a measurement does not."""
    distinct, most = column.nunique(), column.groupby(ids).nunique().max()
    return most > 1 and distinct <= len(column) / 2 and distinct <= max(FEW, 2 * most)


def _whole(column: pd.Series) -> bool:
    """Whether its numbers are whole: those of settings mostly are, and those of measurements seldom."""
    return bool((pd.to_numeric(column, errors="coerce").dropna() % 1 == 0).all())
