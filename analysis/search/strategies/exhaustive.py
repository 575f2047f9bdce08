"""Every candidate, in the order of the list: the most that can be paid, and always right."""

from __future__ import annotations

from analysis.search.strategies.strategy import Proposal, Strategy


class Exhaustive(Strategy):
    """Stops when all have been run (:meth:`Strategy.stop` says so)."""

    name = "exhaustive"
    uses_seed = False

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        return Proposal(open_[0], "the next in the list")

    def stop_reason(self) -> str | None:
        return None
