"""Which disk is behind a path; what of the user's settings reaches Spark; probe arithmetic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.targets.local import disk, java, probe
from infra.targets.local.sizing import limits
from tests.support.nodes import MakeSpec
from workloads.read_speed.staging import resident_pages


def _sys(tmp_path: Path, number: str, partition: bool) -> Path:
    """A /sys in which device ``number`` is a disk, or the first partition of disk 8:0."""
    real = tmp_path / "devices" / "sda" / ("sda1" if partition else "")
    real.mkdir(parents=True)
    (tmp_path / "devices" / "sda" / "dev").write_text("8:0\n")
    if partition:
        (real / "partition").write_text("1\n")
    links = tmp_path / "dev" / "block"
    links.mkdir(parents=True)
    (links / number).symlink_to(real)
    return tmp_path


def test_a_partition_gives_its_whole_disk(tmp_path: Path) -> None:
    status = os.stat(tmp_path)
    number = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    if number.startswith("0:"):
        number = "8:1"
    found = disk.block_device(tmp_path, _sys(tmp_path / "sys", number, partition=True))
    assert str(found) == "8:0"


def test_a_file_system_without_a_disk_is_refused_by_name(tmp_path: Path) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text("1 0 0:1 / / rw - ext4 /dev/nothing rw\n2 1 0:2 / /dev/shm rw - tmpfs shm rw\n")
    with pytest.raises(disk.NoBlockDevice, match="tmpfs"):
        disk.block_device(Path("/dev/shm"), mountinfo=mountinfo)


def test_evict_cache_drops_dirty_pages_too_and_survives_missing_files(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "data"
    file.parent.mkdir()
    file.write_bytes(os.urandom(1 << 20))
    assert resident_pages(file)[0]
    disk.evict_cache([tmp_path / "folder", tmp_path / "missing"])
    assert not resident_pages(file)[0]


def test_settings_of_the_user_do_not_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "SPARK_MASTER",
        "HADOOP_CONF_DIR",
        "JAVA_TOOL_OPTIONS",
        "_JAVA_OPTIONS",
        "PYSPARK_PYTHON",
        "https_proxy",
    ):
        monkeypatch.setenv(name, "leak")
    monkeypatch.setenv("LANG", "C.UTF-8")
    environment = java.spark_environment()
    assert "leak" not in environment.values()
    assert environment["LANG"] == "C.UTF-8"


def test_own_java_wins_if_it_is_17(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("17.0.1", "21.0.2"):
        home = tmp_path / version
        (home / "bin").mkdir(parents=True)
        (home / "bin" / "java").touch(mode=0o755)
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "17.0.1"))
    assert java.java_home() == tmp_path / "17.0.1"
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "21.0.2"))
    assert java.java_home().name == "java-runtime"


def test_rate_ignores_the_first_credit_and_what_was_still_queued() -> None:
    burst = [0.0] * 50
    steady = [probe.WARM_UP_S + i / 100 for i in range(200)]
    assert probe.rate(burst + steady, 1.0) == pytest.approx(100, rel=0.02)
    slow = [0.0, 0.1, 0.5, 1.0, 1.5, 2.0]
    assert probe.rate(slow, 1.5) == pytest.approx(2.0)


@pytest.mark.parametrize(("factors", "tries", "ok"), [([1.0], 1, True), ([0.2, 1.0], 2, True), ([3.0] * 9, 3, False)])
def test_a_rate_that_is_off_is_measured_again(
    make_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch, factors: list[float], tries: int, ok: bool
) -> None:
    spec = make_spec()
    spec.disk_dir.mkdir(parents=True)
    size, measured = limits(spec), list[float]()

    def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        measured.append(factors[len(measured)])
        rates = {"read_mb_s": measured[-1] * size.disk_read_bytes_s / 1e6, "read_iops": size.disk_read_iops}
        return subprocess.CompletedProcess([], 0, json.dumps(rates), "")

    monkeypatch.setattr(subprocess, "run", run)
    found = probe.run(spec, size)
    assert (len(measured), found["tries"], found["ok"]) == (tries, tries, ok)
    assert json.loads(spec.probe_path.read_text()) == found
    assert list(spec.disk_dir.iterdir()) == []


def test_probe_reads_around_the_page_cache(tmp_path: Path) -> None:
    file = tmp_path / "probe"
    probe._write_file(file)
    try:
        got = probe.measure(str(file), 50e6, 2000)
    except OSError as error:
        pytest.fail(f"O_DIRECT on {tmp_path}: {error}; run the tests with --basetemp on a disk ({sys.platform})")
    assert got["read_mb_s"] > 0 and got["read_iops"] > 0
