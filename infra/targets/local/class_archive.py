"""A class-data archive for Spark's JVMs: loads classes from a mapped file instead of parsing 300 jars' worth of them.

Made once per JDK, Spark and class path by a tiny local-cluster application that records which classes driver,
executor, master and worker load. Only speed depends on it: where it cannot be made, everything runs without.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.base.errors import BakeoffError
from infra.base.paths import CACHE_DIR
from infra.base.processes import die_with_parent
from infra.targets.local import java

NOT_AT_START = ("site-packages", "dist-packages", "test", "idlelib", "tkinter", "lib2to3", "ensurepip", "config-")
TIMEOUT_S = 90
_RECIPE = 2  # counts changes of how the archive is made
# What a job does first: a session, an RDD through Python workers, a shuffle. Not data frames: with Spark SQL's classes
# the archive takes three times as long to make as it saves in the demo
_TRAINING = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
pairs = spark.sparkContext.parallelize(range(40), 2).map(lambda x: (x % 3, x))
assert len(pairs.reduceByKey(lambda a, b: a + b).collect()) == 3
spark.stop()
"""
_FAST_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")


def archive_path(cache_dir: Path) -> Path:
    """Named after everything that its validity hangs on."""
    home, jars = java.java_home(), java.spark_home() / "jars"
    listing = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(jars.iterdir())]
    release = (home / "release").read_text(encoding="utf-8")
    key = hashlib.sha256(repr((_RECIPE, str(home), release, java.class_path(), listing)).encode()).hexdigest()[:16]
    return cache_dir / f"spark-classes-{key}.jsa"


def ensure_class_archive(cache_dir: Path) -> Path | None:
    """The archive, made if need be (~20 s, once); None where it cannot be made: slower, not wrong.

    A failure is remembered beside it as ``.failed`` with its reason, so that it is not tried at each start.
    """
    try:
        path = archive_path(cache_dir)
        failed = path.with_suffix(".failed")
        cache_dir.mkdir(parents=True, exist_ok=True)
        if path.exists():
            return path
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists() or failed.exists():  # another process was faster
                return path if path.exists() else None
            try:
                _make(path)
            except (OSError, subprocess.SubprocessError, BakeoffError) as error:
                failed.write_text(f"{error}\n", encoding="utf-8")
                return None
            return path
    except OSError:
        return None


def runtime_files() -> list[Path]:
    """What Spark's processes read when they start. On a machine it lies on the image, not on the measured disk."""
    packages = (
        "pyspark",
        "py4j",
        "numpy",
        "PIL",
        "google.cloud.storage",
        "google.auth",
        "requests",
        "urllib3",
        "pydantic",
    )
    archive = archive_path(CACHE_DIR)
    return [
        *(java.package_dir(name) for name in packages),
        java.java_home() / "lib",
        java.java_home() / "bin",
        *(path for path in Path(os.__file__).parent.iterdir() if not path.name.startswith(NOT_AT_START)),
        *([archive] if archive.exists() else []),
    ]


def _make(path: Path) -> None:
    # Named like every unfinished part of the cache, so that clean finds it when its maker is gone.
    with tempfile.TemporaryDirectory(prefix=f".part-{os.getpid()}-", dir=path.parent) as name:
        folder = Path(name)
        script = folder / "training.py"
        script.write_text(_TRAINING, encoding="utf-8")
        (folder / "events").mkdir()
        record = " ".join(
            [*_FAST_START, f"-Djava.io.tmpdir={folder}", f"-XX:DumpLoadedClassList={folder}/executor-%p.classlist"]
        )
        _run(
            java.java_command(
                "org.apache.spark.deploy.SparkSubmit",
                options=[
                    "-Xmx512m", *_FAST_START, f"-Djava.io.tmpdir={folder}",
                    f"-XX:DumpLoadedClassList={folder}/driver.classlist",
                ],
                arguments=[
                    "--master", "local-cluster[1,1,512]",
                    "--conf", "spark.executor.memory=512m",
                    "--conf", f"spark.executor.extraJavaOptions={record}",
                    "--conf", "spark.driver.host=127.0.0.1",
                    "--conf", "spark.driver.bindAddress=127.0.0.1",
                    "--conf", "spark.eventLog.enabled=true",
                    "--conf", f"spark.eventLog.dir=file://{folder}/events",
                    "--conf", f"spark.worker.dir={folder}/work",
                    "--conf", f"spark.sql.warehouse.dir={folder}/warehouse",
                    str(script),
                ],
            ),
            folder,
        )  # fmt: skip
        lines: dict[str, None] = {}  # in order, each once
        for part in sorted(folder.glob("*.classlist")):
            text = part.read_text(encoding="utf-8", errors="replace")
            lines.update((_portable(line), None) for line in text.splitlines() if line and _is_archivable(line))
        together = folder / "all.classlist"
        together.write_text("\n".join(lines) + "\n", encoding="utf-8")
        made = folder / path.name
        _run(
            [
                str(java.java_home() / "bin" / "java"), "-cp", java.class_path(), "-Xshare:dump", "-Xmx1g",
                f"-XX:SharedClassListFile={together}", f"-XX:SharedArchiveFile={made}",
            ],
            folder,
        )  # fmt: skip
        shutil.move(made, path)


def _is_archivable(line: str) -> bool:
    """Comments, and classes made at run time by a loader of their own, are left out."""
    return line[0] != "#" and " source: " not in line


def _portable(line: str) -> str:
    """Name of the class alone: numbers hold within one list only. Lambdas (``@...``) go by name already."""
    return line if line[0] == "@" else line.split(" ", 1)[0]


def _run(argv: list[str], folder: Path) -> None:
    """Run to the end in a process group of its own, which goes when time is up."""
    environment = {
        **java.spark_environment(), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_HOSTNAME": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder), "TMPDIR": str(folder), "PYSPARK_PYTHON": sys.executable,
    }  # fmt: skip
    log = folder / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call
        )
        try:
            code = process.wait(TIMEOUT_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    if code != 0:
        tail = log.read_text(encoding="utf-8", errors="replace")[-1000:]
        raise BakeoffError(f"'{argv[0]} ... {argv[-1]}' ended with {code}: {tail}")
