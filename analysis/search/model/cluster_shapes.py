"""Hypotheses about how run time depends on the size of a cluster: many curves, each of which could be the workload's.

    time = serial + (1 - d) * C0/cores + d * N0/nodes + overhead * nodes/N0,
    where memory is short times cliff * (need / usable memory)^p

Amdahl's law with a part that follows machines rather than cores (disks, network), a cost per machine (the terms of
Ernest, NSDI 2016), and a shortage of memory: below a need that nobody told the workload gets slower, gradually where
it spills, at once where a cache scanned in turn no longer holds it all, and far enough below the need it fails. C0 and
N0 are the geometric means of the list, so only ratios matter. Usable is what a machine leaves after a reserve for its
system. The parameters are drawn from wide distributions by a scrambled Sobol sequence; which of them hold is for the
runs to say. Combination and constants are ours.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import qmc

from analysis.search.core.features import NODES, first_of
from analysis.search.core.problem import Candidates

SERIAL = (-0.7, 1.5)  # mean and standard deviation of the logarithm of the serial part, relative to C0/cores at C0
OVERHEAD = (-2.5, 1.5)  # of the logarithm of the overhead
SHORTAGE_POWER = (-0.1, 0.6)  # of the logarithm of p
CLIFF_SHARE = 0.5  # of hypotheses whose shortage is a cliff as well
CLIFF = (0.2, 1.6)  # the cliff's height, log, evenly in between
CLIFF_POWER = 0.3  # p below a cliff, relative to p without one
NEVER_SHORT = 0.3  # share of hypotheses without a memory need
RESERVE = 0.5  # the reserve is up to this share of the smallest machine's memory
FAILS_AT = (0.0, 0.7)  # of the logarithm of the shortage, itself a logarithm, at which half of the runs fail
FAILS_WIDTH = 0.2  # how gradually
FAILS_ANYWAY = 0.03  # probability of a failure that has nothing to do with memory


@dataclass(frozen=True)
class Sizes:
    """Sizes and prices of n candidates; 1 stands in where cores or machines are not known.

    Attributes:
        nodes: machines, (n,).
        cores: of all machines, (n,).
        memory: of all machines, in the unit of the list, (n,); None where not known for all.
        log_price: natural logarithm of USD per hour, (n,); 0 where not known.
    """

    nodes: np.ndarray
    cores: np.ndarray
    memory: np.ndarray | None
    log_price: np.ndarray

    def select(self, chosen: list[int]) -> Sizes:
        """The sizes of these candidates."""
        memory = None if self.memory is None else self.memory[chosen]
        return Sizes(self.nodes[chosen], self.cores[chosen], memory, self.log_price[chosen])


def sizes_of(candidates: Candidates) -> Sizes:
    """Sizes by the names of the features."""
    features, n = candidates.features, len(candidates)
    price = np.ones(n) if candidates.usd_per_hour is None else np.asarray(candidates.usd_per_hour)
    table = candidates.derived

    def positive(frame: pd.DataFrame, name: str | None) -> np.ndarray | None:
        if name is None or name not in frame or not pd.api.types.is_numeric_dtype(frame[name]):
            return None
        return frame[name].to_numpy(float) if bool((frame[name] > 0).all()) else None

    nodes = positive(features, first_of(features.columns, NODES))
    cores = positive(table, "cores")
    nodes = np.ones(n) if nodes is None else nodes
    return Sizes(nodes, nodes if cores is None else cores, positive(table, "memory"), np.log(price))


class ClusterShapes:
    """H hypotheses, drawn for a list of candidates, that can be asked about any list.

    Args:
        sizes: of the candidates at hand: they set the scale.
        count: H.
        seed: of the draws.
    """

    def __init__(self, sizes: Sizes, count: int, seed: int) -> None:
        self.seed = seed
        u = np.clip(qmc.Sobol(8, seed=seed).random(count), 1e-4, 1 - 1e-4)[:, :, None]
        z = ndtri(u)
        self.middle_cores = np.exp(np.log(sizes.cores).mean())
        self.middle_nodes = np.exp(np.log(sizes.nodes).mean())
        self.serial = np.exp(SERIAL[0] + SERIAL[1] * z[:, 0])
        self.overhead = np.exp(OVERHEAD[0] + OVERHEAD[1] * z[:, 1])
        self.by_node = u[:, 2] ** 2
        self.power = np.exp(SHORTAGE_POWER[0] + SHORTAGE_POWER[1] * z[:, 4])
        cliff = (u[:, 7] - 1 + CLIFF_SHARE) / CLIFF_SHARE
        self.cliff = np.where(cliff > 0, CLIFF[0] + (CLIFF[1] - CLIFF[0]) * cliff, 0.0)
        self.power = np.where(cliff > 0, CLIFF_POWER, 1.0) * self.power
        self.fails_at = np.exp(FAILS_AT[0] + FAILS_AT[1] * z[:, 6])
        self.need = self.reserve = np.full((count, 1), -np.inf)  # logarithm of the need
        if sizes.memory is not None:
            low, high = np.log(sizes.memory.min()), np.log(sizes.memory.max())
            at = (u[:, 3] - NEVER_SHORT) / (1 - NEVER_SHORT)
            self.need = np.where(at < 0, -np.inf, low + (high - low) * at)
            self.reserve = RESERVE * u[:, 5] * (sizes.memory / sizes.nodes).min()

    def as_voted(self, votes: np.ndarray) -> ClusterShapes:
        """H hypotheses drawn by their votes, (H,), each with a memory need of its own."""
        count = len(votes)
        drawn = np.searchsorted(np.cumsum(votes) / votes.sum(), (np.arange(count) + 0.5) / count)
        drawn = np.random.default_rng(self.seed).permutation(np.minimum(drawn, count - 1))
        made = copy.copy(self)
        for name in ("serial", "overhead", "by_node", "power", "cliff", "reserve", "fails_at"):
            setattr(made, name, getattr(self, name)[drawn])
        return made

    def shortage(self, sizes: Sizes) -> np.ndarray:
        """Shortage of memory: log(need / usable memory), 0 where there is enough, (H, n)."""
        if sizes.memory is None:
            return np.zeros((len(self.need), len(sizes.nodes)))
        each = sizes.memory / sizes.nodes
        usable = np.maximum(each - np.maximum(self.reserve, 0), 0.05 * each) * sizes.nodes
        return np.asarray(np.maximum(0, self.need - np.log(usable)))

    def log_values(self, sizes: Sizes, shortage: np.ndarray, price_power: float) -> np.ndarray:
        """Logarithm of time * price^power about its mean over the list: (H, n)."""
        time = self.serial + (1 - self.by_node) * (self.middle_cores / sizes.cores)
        time += self.by_node * (self.middle_nodes / sizes.nodes) + self.overhead * (sizes.nodes / self.middle_nodes)
        values = np.log(time, out=time)
        values += self.power * shortage
        values += self.cliff * (shortage > 0)
        values += price_power * sizes.log_price
        values -= values.mean(axis=1, keepdims=True)
        return np.asarray(values)

    def fails(self, shortage: np.ndarray) -> np.ndarray:
        """Probability that a run fails: (H, n)."""
        short = 1 / (1 + np.exp((self.fails_at - shortage) / FAILS_WIDTH))
        return np.asarray(FAILS_ANYWAY + (1 - 2 * FAILS_ANYWAY) * short)
