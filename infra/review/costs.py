"""What one run through an experiment costs before and after a change, from the times in past records.

Cost = list price per hour of the shape x median time of the job (``run_s``), for every cell; of an adaptive experiment, for
every cell of the most repeats that it may take. A shape that no record of the experiment has been measured with costs an
unknown amount: a time is never carried over from another shape.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict, computed_field

from analysis.errors import DamagedRecordError
from analysis.records.runs import read_record
from infra.inputs.cells import Cell, cells
from infra.inputs.experiment import Experiment
from infra.inputs.experiment_file import load_experiment
from infra.review.scenarios import ScenarioChange
from workloads.record import RunRecord, Scenario

EXPERIMENTS = Path("infra/experiments")


class PastRuns(BaseModel):
    """Past runs of one cell's kind, and what one of them costs."""

    model_config = ConfigDict(frozen=True)

    records: int
    median_run_s: float
    cost_usd: float  # of one run


class CellCost(BaseModel):
    """One scenario, workload and configuration of an experiment; ``runs``: how often it runs, before and after."""

    model_config = ConfigDict(frozen=True)

    scenario: str
    workload: str
    configuration: dict[str, object]
    runs: tuple[int, int]
    before: PastRuns | None
    after: PastRuns | None
    break_even_s: float | None  # of a shape never measured: median time at which one run costs what it did before


class ExperimentCost(BaseModel):
    """One experiment in both revisions."""

    model_config = ConfigDict(frozen=True)

    name: str
    problems: dict[str, str]  # by revision (before, after): why it cannot be run as it is
    conditions: str | None  # under which the records were made; None: there are none
    adaptive: dict[str, str] = {}  # by revision, of one that stops when it knows enough: how many repeats it may take
    cells: list[CellCost]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cost_usd(self) -> tuple[float | None, float | None]:
        """Of one run through all cells, before and after, at most; None if a part of it has never been measured."""
        return (
            _total((c.runs[0], c.before) for c in self.cells),
            _total((c.runs[1], c.after) for c in self.cells),
        )


def compare_experiments(
    before: Path, after: Path, scenarios: list[ScenarioChange], runs_dir: Path
) -> list[ExperimentCost]:
    """Every experiment that runs on a scenario whose shape or price changed, or that changed or broke itself.

    Args:
        before: root of the tree to compare with.
        after: root of the tree under review.
        scenarios: from :func:`infra.review.scenarios.compare_scenarios`.
        runs_dir: folder of past records.
    """
    moved = {change.name for change in scenarios if change.kind not in ("same", "text")}
    names = sorted({path.stem for tree in (before, after) for path in (tree / EXPERIMENTS).glob("*.toml")})
    found = []
    for name in names:
        old, new = _Revision(before, name), _Revision(after, name)
        old.check({c.name for c in scenarios if c.before})
        new.check({c.name for c in scenarios if c.after})
        used = {scenario for side in (old, new) if side.experiment for scenario in side.experiment.scenarios}
        if used & moved or old.experiment != new.experiment or old.problem != new.problem or new.problem:
            found.append(_compare(name, old, new, scenarios, runs_dir))
    return found


class _Revision:
    """An experiment in one tree: read, or why not; or not there."""

    def __init__(self, tree: Path, name: str) -> None:
        path = tree / EXPERIMENTS / f"{name}.toml"
        self.experiment: Experiment | None = None
        self.problem: str | None = None
        if path.exists():
            try:
                self.experiment = load_experiment(path).model_copy(update={"name": name})
            except Exception as error:  # whatever is wrong with a file under review is a finding
                self.problem = (str(error) or type(error).__name__).replace(f"{tree}/", "")

    def check(self, scenarios: set[str]) -> None:
        """An experiment on a scenario that is not there cannot run."""
        missing = [name for name in self.experiment.scenarios if name not in scenarios] if self.experiment else []
        if missing:
            self.problem = f"it names scenarios that are not there: {', '.join(missing)}"

    def count(self, shapes: dict[str, Scenario]) -> Counter[str]:
        """Cells of one run through, by :func:`_kind`; those of a scenario that cannot be read are left out."""
        if self.experiment is None:
            return Counter()
        known = [name for name in self.experiment.scenarios if name in shapes]
        blocks = cells(self.experiment.model_copy(update={"scenarios": known}), shapes)
        return Counter(_kind(cell) for block in blocks for cell in block)

    def repeats(self) -> str | None:
        """How many repeats an adaptive experiment may take, and what else ends it."""
        if self.experiment is None or (adaptive := self.experiment.adaptive) is None:
            return None
        limits = [f"{adaptive.max_usd:g} USD"] if adaptive.max_usd else []
        limits += [f"{adaptive.max_minutes:g} minutes"] if adaptive.max_minutes else []
        until = f", ending at {' or '.join(limits)}" if limits else ""
        return f"{self.experiment.repeats} to {self.experiment.most_repeats}{until}"


def _compare(
    name: str, old: _Revision, new: _Revision, scenarios: list[ScenarioChange], runs_dir: Path
) -> ExperimentCost:
    shapes = [
        {c.name: side.scenario for c in scenarios if (side := getattr(c, when)) and side.scenario}
        for when in ("before", "after")
    ]
    prices = {c.name: c.usd_per_hour for c in scenarios}
    counts = (old.count(shapes[0]), new.count(shapes[1]))
    records = [record for record in past_records(runs_dir / name) if _of_record(record) in counts[0] | counts[1]]
    conditions = _conditions(max(records, key=lambda record: record.ended_at)) if records else None
    records = [record for record in records if _conditions(record) == conditions]
    costs = []
    for kind in sorted(counts[0] | counts[1]):
        scenario, workload, configuration = json.loads(kind)[:3]
        sides = []
        for when in (0, 1):
            of_shape = [r for r in records if _of_record(r) == kind and r.scenario == shapes[when].get(scenario)]
            sides.append(_past_runs(of_shape, prices[scenario][when]) if counts[when][kind] else None)
        costs.append(
            CellCost(
                scenario=scenario,
                workload=workload,
                configuration=configuration,
                runs=(counts[0][kind], counts[1][kind]),
                before=sides[0],
                after=sides[1],
                break_even_s=_break_even(sides[0], sides[1], prices[scenario][1]) if counts[1][kind] else None,
            )
        )
    problems = {"before": old.problem, "after": new.problem}
    adaptive = {"before": old.repeats(), "after": new.repeats()}
    return ExperimentCost(
        name=name,
        problems={when: problem for when, problem in problems.items() if problem},
        conditions=conditions,
        adaptive={when: repeats for when, repeats in adaptive.items() if repeats},
        cells=costs,
    )


def past_records(folder: Path) -> list[RunRecord]:
    """Records of one experiment that ended well and have a time; a damaged one is no record."""
    found = []
    for path in sorted(folder.glob("*/run.json")):
        try:
            record = read_record(path.parent)
        except DamagedRecordError:
            continue
        if record.status == "ok" and record.stages.run_s is not None:
            found.append(record)
    return found


def _kind(cell: Cell) -> str:
    """What the cells of an experiment have in common that differ in their repeat only."""
    return json.dumps([cell.scenario.name, cell.workload, cell.configuration], sort_keys=True, default=str)


def _of_record(record: RunRecord) -> str:
    return json.dumps([record.scenario.name, record.workload, record.configuration], sort_keys=True, default=str)


def _conditions(record: RunRecord) -> str:
    """Under what a record was made; times under different conditions do not compare."""
    words = [f"target {record.target}"]
    if record.local_cores_per_vcpu is not None:  # nodes shared one host
        words.append(f"{record.local_cores_per_vcpu} host cores per vCPU")
        words.append("isolated nodes" if record.isolation.complete else "without isolation")
    data = record.dataset
    listing = str(data.get("listing_sha256") or "")[:8]
    return ", ".join([*words, f"data: {data.get('source') or data.get('name') or 'none'} {listing}".strip()])


def _past_runs(records: list[RunRecord], usd_per_hour: float | None) -> PastRuns | None:
    times = [record.stages.run_s for record in records if record.stages.run_s is not None]
    if not times or usd_per_hour is None:
        return None
    middle = median(times)
    return PastRuns(records=len(times), median_run_s=middle, cost_usd=usd_per_hour * middle / 3600)


def _break_even(before: PastRuns | None, after: PastRuns | None, usd_per_hour: float | None) -> float | None:
    return before.cost_usd / usd_per_hour * 3600 if before and not after and usd_per_hour else None


def _total(parts: Iterable[tuple[int, PastRuns | None]]) -> float | None:
    costs = [None if measured is None else runs * measured.cost_usd for runs, measured in parts if runs]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if costs and len(known) == len(costs) else None
