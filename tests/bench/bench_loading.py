"""What loading records costs: seconds and peak memory for 10,000 of them, each of five nodes and forty seconds.

    python -m tests.bench.bench_loading --records 10000 --out loading.json

Prints one JSON object, and writes it where ``--out`` says. The records are made first, in a temporary folder (0.5 GB for 10,000).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra.base.paths import PROJECT_DIR
from tests.support.analysis import factory

PACKAGES = {f"package-{i}": f"1.{i}.0" for i in range(115)}  # as many as the project pins


def write_records(runs_dir: Path, count: int) -> None:
    """Records of one experiment, ``many``, that differ in cell and repeat: 54 measurements and 200 samples each."""
    record = factory.run_json(
        "four-small-ssd", "read_speed", experiment="many", cell="c00000", lease="l0", packages=PACKAGES
    )
    rows = [factory.measurement(90.0 + index) for index in range(54)]
    first = factory.write(runs_dir, record, measurements=rows, nodes=factory.samples(record, seconds=40), rejected=[])
    for index in range(1, count):
        directory = first.parent / f"c{index:05}"
        shutil.copytree(first, directory)
        changed = {**record, "cell": directory.name, "repeat": index, "lease": f"l{index // 10}"}
        (directory / "run.json").write_text(json.dumps(changed))


def load_here(runs_dir: Path) -> dict[str, float | int]:
    """Load them in this process, whose peak memory is that of the loading and its result."""
    began = time.perf_counter()
    from analysis.records.runs import load

    imported = time.perf_counter()
    runs = load(runs_dir, "many")
    elapsed = time.perf_counter() - imported
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "records": len(runs.records), "measurements": len(runs.measurements), "samples": len(runs.nodes),
        "damaged": len(runs.damaged), "import_s": imported - began, "load_s": elapsed,
        "peak_mb": used.ru_maxrss / 1024, "cpu_s": used.ru_utime + used.ru_stime, "load_average": os.getloadavg()[0],
    }  # fmt: skip


def loading_cost(runs_dir: Path) -> dict[str, float | int]:
    """Load them in a process of their own."""
    command = [sys.executable, "-m", "tests.bench.bench_loading", "--load", str(runs_dir)]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    found: dict[str, float | int] = json.loads(done.stdout)
    return found


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--load", type=Path, help="folder of records that are there already")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.load:
        text = json.dumps(load_here(arguments.load))
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_records(Path(folder), arguments.records)
            text = json.dumps(loading_cost(Path(folder)))
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
