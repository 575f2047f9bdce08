"""A target outside of the tree: every cell is one process of this host, without Terraform, Spark, limits or samples."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from infra.base import processes
from infra.base.checks import Check
from infra.base.options import Grant, Options
from infra.base.paths import PROJECT_DIR
from infra.base.progress import Progress, read_progress
from infra.inputs.cells import Cell
from infra.inputs.dataset import Dataset
from infra.inputs.workloads import find_workload, full_settings
from infra.leases.lease import Lease
from infra.targets.base import (
    Description,
    Driver,
    Jobs,
    Leftover,
    NewState,
    Observer,
    Pricing,
    Rate,
    Sweeper,
    Target,
    Traits,
)
from workloads.record import Isolation, NodeLimits, Scenario
from workloads.storage import open_store

from .names import NODE  # noqa: TID252 - a folder that is registered has no name of its own in the tree


class State(BaseModel):
    colour: str


class Process:
    job_id: str | None = None
    flaw: str | None = None

    def __init__(self, process: subprocess.Popen[bytes], told: Path) -> None:
        self._process, self._told = process, told

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode

    def poll(self) -> int | None:
        return self._process.poll()

    def progress(self) -> tuple[int, int, str]:
        return read_progress(self._told)

    def cancel(self) -> None:
        self._process.kill()
        self._process.wait()


class ToyJobs(Jobs):
    def load(self, dataset: Dataset, lease: Lease, progress: Progress) -> None:
        source, copy = open_store(str(dataset.folder)), open_store(str(lease.directory / "images"))
        for entry in source.list():
            copy.write(entry.name, source.read(entry.name))
        lease.update(dataset=dataset.facts, load_data_s=0.1)

    @contextlib.contextmanager
    def submit(self, lease: Lease, cell: Cell, folder: Path) -> Iterator[Driver]:
        out, config = folder / "job", folder / "job" / "config.json"
        out.mkdir()
        images, output = str(lease.directory / "images"), str(lease.directory / "output")
        chosen = full_settings(cell.workload, cell.scenario, images, output, cell.configuration)
        open_store(str(out)).write("config.json", json.dumps(chosen).encode())
        command = [sys.executable, str(PROJECT_DIR / "workloads" / "launch.py"), cell.workload]
        environment = {
            **os.environ,
            processes.LEASE: lease.id,
            processes.NODE: NODE,
            "BAKEOFF_PROGRESS": str(out / "progress.json"),
            "BAKEOFF_NODE_DISK": str(lease.directory),
            "PYTHONPATH": str(PROJECT_DIR),
        }
        with (folder / "logs" / "driver.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--config", str(config), "--out", str(out)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        driver = Process(process, out / "progress.json")
        try:
            yield driver
        finally:
            driver.cancel()


class ToyObserver(Observer):
    def collect(self, lease: Lease, folder: Path, launched_at: float, ended_at: float) -> list[str]:
        (folder / "nodes.jsonl").touch()
        return ["no samples: it is a toy"]

    def describe(self, lease: Lease, launched_at: float) -> Description:
        facts = dict.fromkeys(NodeLimits.model_fields)
        facts |= {"node": NODE, "role": "single", "address": "127.0.0.1", "machine_type": lease.scenario.machine_type}
        facts |= {
            "nominal_vcpus": 1,
            "nominal_memory_gb": 1.0,
            "nominal_disk_read_mb_s": 1.0,
            "nominal_disk_read_iops": 1.0,
        }
        isolation = Isolation(mode="none", cpu=None, memory=None, network=None, disk=None, missing=["it is a toy"])
        return Description([NodeLimits.model_validate(facts)], isolation, {})


class ToySweeper(Sweeper):
    def find(self, lease_id: str | None, lease: Lease | None = None) -> Sequence[Leftover]:
        return [process for process in processes.find_marked(lease_id) if process.node == NODE]

    def remove(self, item: Leftover) -> None:
        assert isinstance(item, processes.Marked)
        processes.kill_marked(item)


class ToyPricing(Pricing):
    def per_hour(self, scenario: Scenario, lease: Lease | None = None) -> Rate:
        return Rate(0.01, 0.0, "nowhere")


class ToyTarget(Target):
    name = "toy"
    traits = Traits(notional_prices=True, spark=False, poll_s=0.1)
    jobs = ToyJobs()
    observer = ToyObserver()
    sweeper = ToySweeper()
    pricing = ToyPricing()

    def conditions(self, options: Options) -> dict[str, object]:
        return {"target": self.name}

    def refuses(self, cell: Cell) -> str | None:
        return "a toy runs no Spark" if find_workload(cell.workload).engine == "spark" else None

    def new_state(self, scenario: Scenario, options: Options, grant: Grant, others: Sequence[Lease]) -> NewState:
        return NewState(State(colour="red"))

    def doctor(self, runs_dir: Path) -> list[Check]:
        return [Check(name="toy", state="ok", detail="nothing can break")]


TARGET = ToyTarget()
