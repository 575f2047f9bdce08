"""The cells of an experiment: every point of it, once per repeat, in running order."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.inputs.experiment import Experiment
from workloads.record import Scenario


@dataclass(frozen=True)
class Cell:
    """One point of an experiment: scenario x workload x configuration x repeat."""

    experiment: str
    scenario: Scenario
    workload: str
    configuration: dict[str, object]
    repeat: int
    repeat_level: Literal["lease", "attempt"]
    timeout_s: float
    script: str | None = None
    args: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.workload} on {self.scenario.name}, repeat {self.repeat + 1}"

    @property
    def key(self) -> str:
        """What tells the cells of one experiment apart."""
        job = (sorted(self.configuration.items()), self.script, self.args)
        return repr((self.scenario.name, self.workload, job, self.repeat))

    def identity(self, conditions: dict[str, object]) -> str:
        """Name of the record's folder: readable, and ending in a hash of what determines the result.

        Args:
            conditions: what lies outside of the cell: data set, isolation, CPU share, code of the workload.
        """
        facts = {
            "scenario": self.scenario.model_dump(exclude_defaults=True),
            "workload": self.workload,
            "configuration": self.configuration,
            "repeat": self.repeat,
            "script": hashlib.sha256(Path(self.script).read_bytes()).hexdigest() if self.script else None,
            "args": list(self.args),
            **conditions,
        }
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:10]
        return f"{self.scenario.name}--{self.workload}--r{self.repeat}-{digest}"


def cells(experiment: Experiment, scenarios: Mapping[str, Scenario], first_repeat: int = 0) -> list[list[Cell]]:
    """Blocks of cells in running order: each block holds every cell of one repeat, shuffled by ``order_seed``.

    A drift of the host then falls on all scenarios alike (randomised complete blocks).
    """
    shuffled = random.Random(experiment.order_seed)
    blocks = []
    for repeat in range(first_repeat, first_repeat + experiment.most_repeats):
        block = [
            Cell(
                experiment=experiment.name,
                scenario=scenarios[scenario],
                workload=workload.name,
                configuration={**workload.config, **point},
                repeat=repeat,
                repeat_level=experiment.repeat_level,
                timeout_s=experiment.timeout_s,
                script=workload.script,
                args=tuple(workload.args),
            )
            for scenario in experiment.scenarios
            for workload in experiment.workloads
            for point in workload.points()
        ]
        shuffled.shuffle(block)
        blocks.append(block)
    return blocks
