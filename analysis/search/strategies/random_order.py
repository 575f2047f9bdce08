"""Random order, the least that any method must beat. Stops after a fixed number of runs."""

from __future__ import annotations

from analysis.search.strategies.strategy import Proposal, Strategy

RUNS = 6  # as many as CherryPick's minimum (NSDI 2017, section 3.5), so that both can be compared


class Random(Strategy):
    """Candidates in random order; its judge is the exact expectation over all orders (:mod:`analysis.search.replay.follow`)."""

    name = "random"

    def propose(self, open_: list[int], pending: list[int]) -> Proposal:
        return Proposal(int(self.rng.choice(open_)), "drawn at random")

    def stop_reason(self) -> str | None:
        return f"{RUNS} runs, its fixed budget" if len(self.told) >= RUNS else None
