"""All strategies by name."""

from __future__ import annotations

from analysis.errors import SearchError
from analysis.search.arrow import Arrow
from analysis.search.bakeoff import Bakeoff
from analysis.search.cherrypick import CherryPick
from analysis.search.ernest import Ernest
from analysis.search.exhaustive import Exhaustive
from analysis.search.fixed import Fixed
from analysis.search.micky import Micky
from analysis.search.paris import Paris
from analysis.search.random_order import Random
from analysis.search.scout import Scout
from analysis.search.strategy import Strategy

STRATEGIES: dict[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (Bakeoff, CherryPick, Ernest, Paris, Arrow, Scout, Micky, Random, Exhaustive, Fixed)
}
DEFAULT = Bakeoff.name


def strategy_named(name: str) -> type[Strategy]:
    """Raises SearchError for an unknown name, with those that are known."""
    if name not in STRATEGIES:
        raise SearchError(f"Unknown strategy '{name}'. Known: {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]
