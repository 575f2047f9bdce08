"""What the sampler costs: CPU seconds of its process over a minute, six nodes.

    python -m tests.bench.bench_sampler --lease-dir runs/leases/<id> --nodes m w-0 w-1 w-2 w-3 store --out sampler.json

The lease must be up. Prints one JSON object, and writes it where ``--out`` says.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra.base.paths import PROJECT_DIR


def sampling_cost(lease_dir: Path, nodes: list[str], seconds: float) -> dict[str, float | int]:
    """CPU cost of sampling ``nodes`` for ``seconds``, without the start of the process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "nodes.jsonl"
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "infra.targets.local.sampler",
                "--lease-dir",
                str(lease_dir),
                "--out",
                str(out),
                "--nodes",
                *nodes,
            ],
            cwd=PROJECT_DIR,
        )
        try:
            time.sleep(3)
            before, began = _cpu_s(process.pid), time.monotonic()
            time.sleep(seconds)
            used, elapsed = _cpu_s(process.pid) - before, time.monotonic() - began
        finally:
            process.kill()
            process.wait()
        rows = len(out.read_text(encoding="utf-8").splitlines())
    return {"nodes": len(nodes), "seconds": elapsed, "cpu_s": used, "cores": used / elapsed, "rows": rows}


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()
    return int(fields[0]) / 1e9


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lease-dir", type=Path, required=True)
    parser.add_argument("--nodes", nargs="+", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    text = json.dumps(sampling_cost(arguments.lease_dir, arguments.nodes, arguments.seconds))
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
