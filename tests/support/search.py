"""A live search with a runner that stands in for clusters."""

from __future__ import annotations

from collections.abc import Callable

from analysis.search.core.problem import Objective
from infra.base.errors import Interrupted
from infra.base.progress import Silent
from infra.catalogue.pricing import usd_per_hour
from infra.inputs.space import load_space
from infra.search import live as search
from workloads.record import Scenario
from workloads.record.search import RunOutcome

SHAPES = load_space("seed").shapes()


def took(shape: Scenario) -> float:
    """A job that gains from cores, and a little from fast disks."""
    cores = {"n1-standard-1": 1, "n1-standard-2": 2, "n1-highmem-2": 2, "n1-standard-4": 4, "n1-highmem-4": 4}
    total = max(1, shape.workers) * cores.get(shape.machine_type, 8)
    return (20 + 200 / total) * (0.9 if shape.disk_type == "pd-ssd" else 1.0)


def ran(shape: Scenario, **change: object) -> RunOutcome:
    seconds = took(shape)
    usd = usd_per_hour(shape) * seconds / 3600
    fields = {
        "shape": shape.name, "workload": "write_tfrecords", "status": "ok",
        "values": {"runtime_s": seconds, "cost_usd": usd}, "metrics": {}, "paid_usd": usd,
        "reason": None, "record": None,
    }  # fmt: skip
    return RunOutcome.model_validate({**fields, **change})


class Counting:
    """A runner that notes what it ran; fails or is cut off where it is told to."""

    def __init__(self, cut_off_at: int | None = None, result: Callable[[Scenario], RunOutcome] = ran) -> None:
        self.shapes: list[str] = []
        self.cut_off_at, self.result = cut_off_at, result

    def __call__(self, shape: Scenario, workload: str, slot: int, left_usd: float | None) -> RunOutcome:
        if len(self.shapes) == self.cut_off_at:
            raise Interrupted
        self.shapes.append(shape.name)
        return self.result(shape)


class Noting(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def grid(workers: str, machine: str = "n1-standard-1") -> str:
    return f"""name = 'x'
[[grid]]
workers = {workers}
machine_type = ['{machine}']
disk_type = ['pd-ssd']
disk_gb = [100]"""


def spec(**change: object) -> search.Spec:
    fields = {"shapes": SHAPES, "workloads": ("write_tfrecords",), "objective": Objective("cost")}
    return search.Spec(**{**fields, **change})  # type: ignore[arg-type]
