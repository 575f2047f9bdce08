"""The main file for spark-submit, which takes a file and no module:

spark-submit --py-files workloads.zip workloads/launch.py write_tfrecords --config C.json --out URI
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main() -> None:
    if len(sys.argv) < 2 or not sys.argv[1].isidentifier():
        sys.exit(f"usage: launch.py WORKLOAD --config C.json --out URI; received {sys.argv[1:]}")
    here = Path(__file__).resolve().parent
    # A script's own folder comes first on the path, and would offer our modules as top-level ones.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    workload = sys.argv.pop(1)
    runpy.run_module(f"workloads.{workload}.job", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
