"""The main file of a job on a managed cluster: what the client would do if it stood beside the driver.

spark-submit --py-files workloads.zip cluster_driver.py --time-limit-s 900 --env BAKEOFF_BUCKET=b \
    -- write_tfrecords --config gs://b/C.json --out gs://b/out
    ... -- gs://b/script.py ARGUMENTS

It sets the environment (Spark has no property for the driver's), ends the job at its time limit (Dataproc's jobs have
none of their own) whether a client lives or not, and tells the client progress and exit code: lines of the driver's
output that begin with ``bakeoff-driver: ``, followed by JSON.

With ``--log gs://b/driveroutput`` it writes its output to the bucket as it grows, as Dataproc does for its jobs: Vertex AI
keeps it in Cloud Logging only. Replicas but the first write to ``gs://b/driveroutput-<pool>-<index>``.
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
import traceback
from collections.abc import Callable
from pathlib import Path

MARK = "bakeoff-driver: "
TIME_LIMIT_EXIT = 124  # as timeout(1)
GRACE_S = 10.0  # from SIGTERM, so that a job can still write its summary
PROGRESS_EVERY_S = 5.0
LOG_EVERY_S = 5.0


def tell(**facts: object) -> None:
    """One line for the client."""
    print(f"\n{MARK}{json.dumps(facts)}", flush=True)


def enforce(limit_s: float, grace_s: float = GRACE_S, at_end: Callable[[], None] = lambda: None) -> None:
    """End this process at its time limit: SIGTERM first, then at once. The kernel's alarm is there should Python hang."""

    def end() -> None:
        tell(time_limit_s=limit_s)
        at_end()
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


class OutputCopy:
    """All that this process and its children print from now on, also in objects ``<uri>.000000000``, ``.000000001``, ...

    Source of the naming: cloud.google.com/dataproc/docs/guides/dataproc-job-output.
    """

    def __init__(self, uri: str, every_s: float = LOG_EVERY_S) -> None:
        from workloads.storage import open_store

        folder, _, self._name = uri.rpartition("/")
        self._store = open_store(folder)
        self._every_s, self._count, self._held = every_s, 0, bytearray()
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._out, self._err = os.dup(1), os.dup(2)
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        os.close(writer)
        self._pump = threading.Thread(target=self._copy, args=(reader,), daemon=True)
        self._pump.start()
        threading.Thread(target=self._flush_often, daemon=True).start()

    def close(self) -> None:
        """Give the output back, and write what is still held."""
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(self._out, 1)
        os.dup2(self._err, 2)
        self._pump.join(GRACE_S / 2)  # a child that lives on may hold the pipe open
        self._flush()

    def _copy(self, reader: int) -> None:
        while data := os.read(reader, 65_536):
            os.write(self._out, data)
            with self._lock:
                self._held += data

    def _flush_often(self) -> None:
        while True:
            time.sleep(self._every_s)
            self._flush()

    def _flush(self) -> None:
        with self._writing:  # whoever closes waits for a piece that is under way
            with self._lock:
                data = bytes(self._held)
            if not data:
                return
            name = f"{self._name}.{self._count:09d}"
            try:
                self._store.write(name, data)
            except Exception as error:  # the log is no reason to fail; the next piece has it
                os.write(self._err, f"{name} could not be written: {error}\n".encode())
                return
            with self._lock:
                del self._held[: len(data)]
            self._count += 1


def replica() -> str:
    """``-<pool>-<index>`` of this replica of a job on Vertex AI; empty for the first, and anywhere else.

    Source: cloud.google.com/vertex-ai/docs/training/distributed-training (CLUSTER_SPEC).
    """
    task = json.loads(os.environ.get("CLUSTER_SPEC", "{}")).get("task", {})
    pool, index = task.get("type", "workerpool0"), task.get("index", 0)
    return "" if pool == "workerpool0" else f"-{pool}-{index}"


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
    parser.add_argument("--not-after", type=float, metavar="UNIX_S", help="end by then, however late it began")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--log", metavar="URI", help="copy the output to objects of this name")
    parser.add_argument("job", help="a workload's name, or gs://.../script.py")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    output = OutputCopy(f"{options.log}{replica()}") if options.log else None
    close = output.close if output else lambda: None
    left_s = max(1.0, options.not_after - time.time()) if options.not_after else options.time_limit_s
    enforce(min(options.time_limit_s, left_s), at_end=close)
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
        if not isinstance(error.code, int | None):
            print(error.code, file=sys.stderr)
        raise SystemExit(code) from error
    except Exception:
        traceback.print_exc()  # while the output is still copied
        raise SystemExit(code) from None
    finally:
        progress.unlink(missing_ok=True)
        tell(exit=code)
        close()


if __name__ == "__main__":
    main()
