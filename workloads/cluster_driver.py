"""The main file of a job on a managed cluster: what the client would do if it stood beside the driver.

spark-submit --py-files workloads.zip cluster_driver.py --time-limit-s 900 --env BAKEOFF_BUCKET=b \
    -- write_tfrecords --config gs://b/C.json --out gs://b/out
    ... -- gs://b/script.py ARGUMENTS

It sets the environment (Spark has no property for the driver's), ends the job at its time limit (Dataproc's jobs have
none of their own) whether a client lives or not, and tells the client progress and exit code: lines of the driver's
output that begin with ``bakeoff-driver: ``, followed by JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

MARK = "bakeoff-driver: "
TIME_LIMIT_EXIT = 124  # as timeout(1)
GRACE_S = 10.0  # from SIGTERM, so that a job can still write its summary
PROGRESS_EVERY_S = 5.0


def tell(**facts: object) -> None:
    """One line for the client."""
    print(f"\n{MARK}{json.dumps(facts)}", flush=True)


def enforce(limit_s: float, grace_s: float = GRACE_S) -> None:
    """End this process at its time limit: SIGTERM first, then at once. The kernel's alarm is there should Python hang."""

    def end() -> None:
        tell(time_limit_s=limit_s)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_s)
        os._exit(TIME_LIMIT_EXIT)

    timer = threading.Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit_s + 2 * grace_s)


def report_progress(path: Path, every_s: float = PROGRESS_EVERY_S) -> None:
    """Tell what the job writes to ``BAKEOFF_PROGRESS``, whenever it has changed."""

    def watch() -> None:
        last = ""
        while True:
            try:
                now = path.read_text(encoding="utf-8")
                if now != last:
                    tell(progress=json.loads(now))
                    last = now
            except (OSError, ValueError):
                pass  # not written yet
            time.sleep(every_s)

    threading.Thread(target=watch, daemon=True).start()


def run(name: str, arguments: list[str]) -> None:
    """Run a workload by its name, or a script by its URI, as if it were the main file."""
    if name.isidentifier():
        sys.argv = [f"workloads.{name}.job", *arguments]
        runpy.run_module(f"workloads.{name}.job", run_name="__main__", alter_sys=True)
        return
    from workloads.storage import read_uri

    with tempfile.TemporaryDirectory(prefix="bakeoff-") as folder:
        script = Path(folder) / name.rpartition("/")[2]
        script.write_bytes(read_uri(name))
        sys.argv = [str(script), *arguments]
        sys.path.insert(0, folder)
        runpy.run_path(str(script), run_name="__main__")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Run a workload or a script on a managed cluster.")
    parser.add_argument("--time-limit-s", type=float, required=True)
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("job", help="a workload's name, or gs://.../script.py")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    enforce(options.time_limit_s)
    os.environ.update(dict(pair.split("=", 1) for pair in options.env))
    progress = Path(tempfile.gettempdir()) / f"bakeoff-progress-{os.getpid()}.json"
    os.environ["BAKEOFF_PROGRESS"] = str(progress)
    report_progress(progress)
    code: object = 1
    try:
        run(options.job, options.arguments)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        raise
    finally:
        progress.unlink(missing_ok=True)
        tell(exit=code)


if __name__ == "__main__":
    main()
