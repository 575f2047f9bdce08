"""Adaptive repeats of a bench: after each block, whether another one is measured.

What was decided after every block lies beside the records, in ``stopping.json``.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from infra.base.errors import UsageError
from infra.base.progress import Progress
from infra.inputs.experiment import Experiment

if TYPE_CHECKING:
    from analysis.compare.stopping import Decision, Rule


class Repeats:
    """The stopping rule of one bench. Without ``[adaptive]`` it never stops.

    Args:
        cells: directory names of the records that this bench makes or finds, whichever attempt.
        groups: cells of one block: groups that must be known well enough.

    Raises:
        UsageError: the metric is none that can be compared.
    """

    def __init__(self, experiment: Experiment, runs_dir: Path, cells: Iterable[str], groups: int) -> None:
        self._experiment = experiment
        self._runs_dir = runs_dir
        self._cells = set(cells)
        self._groups = groups
        self._began = time.monotonic()
        self._rule = _rule(experiment)

    def stop(self, blocks_done: int, progress: Progress) -> bool:
        """Whether the blocks that were measured are enough, or a budget is spent."""
        if self._rule is None or blocks_done < self._experiment.repeats:
            return False
        decision = self._decide(self._rule)
        adaptive = self._experiment.adaptive
        if adaptive and not decision.stop and blocks_done >= adaptive.max_repeats:
            spent = f"the budget of {adaptive.max_repeats} repeats is spent ({decision.reason})"
            decision = dataclasses.replace(decision, stop=True, reason=spent)
        progress.note(f"after {blocks_done} repeats: {decision.reason}" + ("; stopping" if decision.stop else ""))
        self._keep(blocks_done, decision)
        return decision.stop

    def _decide(self, rule: Rule) -> Decision:
        from analysis.compare.stopping import decide, groups_of, spending
        from analysis.errors import NoRecordsError
        from analysis.records.runs import load

        try:
            runs = load(self._runs_dir, self._experiment.name)
        except NoRecordsError:
            return decide([], self._groups, rule, minutes=self._minutes(), usd=0.0)
        ours = [run for run in runs.records if run.rsplit("/", 1)[1].split(".", 1)[0] in self._cells]
        earlier_s, usd = spending(runs, ours, before=time.time() - (time.monotonic() - self._began))
        groups = groups_of(runs, ours, rule)
        return decide(groups, self._groups, rule, minutes=self._minutes() + earlier_s / 60, usd=usd)

    def _minutes(self) -> float:
        return (time.monotonic() - self._began) / 60

    def _keep(self, blocks_done: int, decision: Decision) -> None:
        from analysis.compare.stopping import FILE
        from analysis.plain import plain

        path = self._runs_dir / self._experiment.name / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        past = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps([*past, {"repeats": blocks_done, **plain(decision)}], indent=1))
        os.replace(temporary, path)


def _rule(experiment: Experiment) -> Rule | None:
    if (asked := experiment.adaptive) is None:
        return None
    from analysis.compare.stopping import Rule
    from analysis.errors import AnalysisError
    from analysis.measures.units import known_metric

    try:
        known_metric(asked.metric)
    except AnalysisError as error:
        raise UsageError(f"adaptive.metric: {error}") from error
    return Rule(asked.metric, asked.width, asked.max_minutes, asked.max_usd)
