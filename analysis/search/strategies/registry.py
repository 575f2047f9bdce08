"""All strategies by name."""

from __future__ import annotations

from analysis.errors import SearchError
from analysis.search.core.problem import Problem
from analysis.search.strategies.arrow import Arrow
from analysis.search.strategies.bakeoff import Bakeoff
from analysis.search.strategies.cherrypick import CherryPick
from analysis.search.strategies.ernest import Ernest
from analysis.search.strategies.exhaustive import Exhaustive
from analysis.search.strategies.fixed import Fixed
from analysis.search.strategies.micky import Micky
from analysis.search.strategies.paris import Paris
from analysis.search.strategies.random_order import Random
from analysis.search.strategies.scout import Scout
from analysis.search.strategies.strategy import Strategy

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


def strategy_for(name: str, problem: Problem, seed: int = 0, uses: float | None = None) -> Strategy:
    """A strategy, ready to be asked.

    Args:
        name: which.
        problem: to be solved.
        seed: of its draws.
        uses: how often the configuration will be used once found: only ``bakeoff`` listens; None: its default.

    Raises:
        SearchError: an unknown name, or a problem that the strategy cannot work with.
    """
    made = strategy_named(name)(problem, seed)
    if uses is not None and isinstance(made, Bakeoff):
        made.uses = uses
    return made
