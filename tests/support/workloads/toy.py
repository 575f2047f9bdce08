"""A workload outside of the tree: it sums numbers, and measures ``rows_per_s``, a column that no other workload has."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "config.py": """
from pydantic import Field

from workloads.contract import WorkloadConfig


class ToyConfig(WorkloadConfig):
    rows: int = Field(default=1000, ge=1, description="numbers to sum")
    threads: int = Field(default=1, ge=1)
    least_s: float = Field(default=0.01, gt=0)
""",
    "workload.py": """
from workloads.record import Column
from workloads.workload import Outcome, Workload

ROWS_PER_S = Column("rows_per_s", "float64", "rows/s", "rows / duration_s")

WORKLOAD = Workload(
    engine="python",
    runs_without_spark=True,
    size="rows",
    columns=(ROWS_PER_S,),
    outcomes=(Outcome("rows_per_s", "rows/s", lambda rows, facts: max((row["rows_per_s"] for row in rows), default=None)),),
    settings_for=lambda shape: {"threads": shape.master_vcpus},
)
""",
    "job.py": '''
import sys
import time

from workloads.contract import Accounts, run_job
from workloads.toy.config import ToyConfig
from workloads.toy.workload import WORKLOAD


def total(config, measurements):
    """Sum numbers."""
    started_at, start = time.time(), time.perf_counter()
    sum(range(config.rows))
    time.sleep(config.least_s)
    duration_s = time.perf_counter() - start
    rate = config.rows / duration_s
    measurements.add(operation="sum", started_at=started_at, duration_s=duration_s, images=None, rows_per_s=rate)
    return Accounts(config.rows, config.rows, [], facts={"threads": config.threads})


if __name__ == "__main__":
    sys.exit(run_job("toy", ToyConfig, total, columns=WORKLOAD.columns))
''',
}


def write_toy(parent: Path) -> Path:
    """The workload ``toy`` in a new folder of that name; returns the folder."""
    folder = parent / "toy"
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    return folder
