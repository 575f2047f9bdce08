"""Optuna (GP, TPE), scikit-optimize and SMAC3 on a finite list; runs in an environment of its own, see ``make bench-search``.

Reads one JSON document from standard input, ``{"problems": [...], "peer": name, "seed": n, "runs": n}``; a problem has
``numbers`` (name -> n values, standardised), ``classes`` (name -> n labels) and ``values`` (n log values, null where a run
failed). Prints ``{"orders": [order per problem]}``.

Each peer gets the same structured features, floats for numbers and categories for classes, as its documentation advises;
what it suggests is snapped to the nearest candidate not run yet, and it is told the point that was run. Four starting points
instead of their defaults of ten and more, in their favour. A run that failed is told as the worst value so far.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

START = 4
Point = dict[str, Any]


class Listed:
    """Candidates as points, and the nearest one that is open."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.numbers: dict[str, list[float]] = problem["numbers"]
        self.classes: dict[str, list[str]] = problem["classes"]
        self.values = [None if v is None else float(v) for v in problem["values"]]
        self.n = len(self.values)
        self.order: list[int] = []

    def point(self, i: int) -> Point:
        columns: dict[str, list[Any]] = {**self.numbers, **self.classes}
        return {name: column[i] for name, column in columns.items()}

    def nearest(self, point: Point) -> int:
        apart = np.zeros(self.n)
        for name, column in self.numbers.items():
            apart += (np.asarray(column) - float(point[name])) ** 2
        for name, labels in self.classes.items():
            apart += np.asarray([label != point[name] for label in labels], float)
        apart[self.order] = np.inf
        return int(np.argmin(apart))

    def run(self, i: int) -> float:
        """The log value; a failed run stands with the worst value so far."""
        self.order.append(i)
        known = [v for j in self.order if (v := self.values[j]) is not None]
        value = self.values[i]
        return value if value is not None else max(known, default=0.0)


def optuna_peer(kind: str) -> Callable[[Listed, int, int], None]:
    def search(listed: Listed, seed: int, runs: int) -> None:
        import optuna
        from optuna.distributions import CategoricalDistribution, FloatDistribution

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        space: dict[str, Any] = {n: FloatDistribution(min(c), max(c)) for n, c in listed.numbers.items()}
        space |= {n: CategoricalDistribution(sorted(set(c))) for n, c in listed.classes.items()}
        sampler = (
            optuna.samplers.GPSampler(seed=seed, n_startup_trials=START)
            if kind == "gp"
            else optuna.samplers.TPESampler(seed=seed, n_startup_trials=START, multivariate=True)
        )
        study = optuna.create_study(sampler=sampler)
        for _ in range(runs):
            asked = study.ask(space)
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
            i = listed.nearest(asked.params)
            study.add_trial(optuna.trial.create_trial(params=listed.point(i), distributions=space, value=listed.run(i)))

    return search


def skopt_peer(listed: Listed, seed: int, runs: int) -> None:
    from skopt import Optimizer
    from skopt.space import Categorical, Real

    names = [*listed.numbers, *listed.classes]
    space = [Real(min(c), max(c), name=n) for n, c in listed.numbers.items()]
    space += [Categorical(sorted(set(c)), name=n) for n, c in listed.classes.items()]
    optimizer = Optimizer(space, base_estimator="GP", n_initial_points=START, random_state=seed)
    for _ in range(runs):
        i = listed.nearest(dict(zip(names, optimizer.ask(), strict=True)))
        point = listed.point(i)
        optimizer.tell([point[name] for name in names], listed.run(i))


def smac_peer(listed: Listed, seed: int, runs: int) -> None:
    import tempfile

    from ConfigSpace import Categorical, Configuration, ConfigurationSpace, Float
    from smac import BlackBoxFacade, Scenario
    from smac.runhistory.dataclasses import TrialInfo, TrialValue

    space = ConfigurationSpace(seed=seed)
    space.add([Float(n, (min(c) - 1e-6, max(c) + 1e-6)) for n, c in listed.numbers.items()])
    space.add([Categorical(n, sorted(set(c))) for n, c in listed.classes.items()])
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(space, n_trials=runs + 1, deterministic=True, seed=seed, output_directory=folder)
        smac = BlackBoxFacade(
            scenario,
            lambda config, seed=0: 0.0,
            initial_design=BlackBoxFacade.get_initial_design(scenario, n_configs=START),
            overwrite=True,
            logging_level=50,
        )
        for _ in range(runs):
            asked = smac.ask()
            i = listed.nearest(dict(asked.config))
            config = Configuration(space, values=listed.point(i))
            smac.tell(TrialInfo(config=config, seed=asked.seed), TrialValue(cost=listed.run(i)), save=False)


PEERS: dict[str, Callable[[Listed, int, int], None]] = {
    "optuna-gp": optuna_peer("gp"),
    "optuna-tpe": optuna_peer("tpe"),
    "scikit-optimize": skopt_peer,
    "smac3": smac_peer,
}


def main() -> None:
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    peer, orders = asked["peer"], []
    for number, problem in enumerate(asked["problems"], 1):
        listed = Listed(problem)
        PEERS[peer](listed, asked["seed"], min(asked["runs"], listed.n))
        orders.append(listed.order)
        print(f"{peer}: {number} of {len(asked['problems'])}", file=sys.stderr, flush=True)
    json.dump({"orders": orders}, sys.stdout)


if __name__ == "__main__":
    main()
