"""Both versions of cgroups against folders of plain files that look like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.targets.local.cgroup import CPU_PERIOD_US, DiskLimit, open_cgroup
from infra.targets.local.cgroup_v1 import CgroupV1
from infra.targets.local.cgroup_v2 import CgroupV2

LIMIT = DiskLimit("254:0", 1_000_000, 2_000_000, 30, 40)


class FakeV2(CgroupV2):
    """The kernel fills a new folder with files; here the test does."""

    def create(self) -> None:
        super().create()
        for file in ("cpu.max", "memory.max", "memory.swap.max", "io.max", "cgroup.freeze", "cgroup.procs"):
            (self.path / file).touch()
        (self.path / "cgroup.events").write_text("populated 1\nfrozen 1\n")


@pytest.fixture
def v2(tmp_path: Path) -> FakeV2:
    for folder in (tmp_path, tmp_path / "bakeoff-ta0000", tmp_path / "bakeoff-ta0000" / "m"):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
        (folder / "cgroup.subtree_control").touch()
    group = FakeV2(tmp_path, "bakeoff-ta0000/m")
    group.create()
    return group


def test_v2_hands_controllers_down_and_writes_limits(v2: FakeV2) -> None:
    v2.limit_cpu(0.3)
    v2.limit_memory(1 << 30)
    v2.limit_disk(LIMIT)
    assert v2.controllers == {"cpu", "cpuacct", "memory", "disk", "freezer"}
    for folder in (v2.root, v2.path.parent):
        assert (folder / "cgroup.subtree_control").read_text().startswith("+")
    assert (v2.path / "cgroup.subtree_control").read_text() == ""  # members live here: nothing may be handed on
    assert (v2.path / "cpu.max").read_text() == f"{round(0.3 * CPU_PERIOD_US)} {CPU_PERIOD_US}"
    assert (v2.path / "memory.max").read_text() == str(1 << 30)
    assert (v2.path / "memory.swap.max").read_text() == "0"
    assert (v2.path / "io.max").read_text() == "254:0 rbps=1000000 wbps=2000000 riops=30 wiops=40"
    assert v2.join_files() == [v2.path / "cgroup.procs"]


def test_v2_counts(v2: FakeV2) -> None:
    (v2.path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\nnr_periods 100\nnr_throttled 40\n")
    (v2.path / "memory.current").write_text("5000\n")
    (v2.path / "memory.stat").write_text("anon 100\nactive_file 1000\ninactive_file 500\n")
    (v2.path / "io.stat").write_text(
        "254:0 rbytes=10 wbytes=20 rios=1 wios=2 dios=9\n7:0 rbytes=1 wbytes=0 rios=1 wios=0\n"
    )
    counters = v2.counters()
    assert (counters.cpu_s, counters.periods, counters.periods_throttled) == (2.5, 100, 40)
    assert counters.memory_bytes == 3500
    assert (counters.disk_read_bytes, counters.disk_write_bytes) == (11, 20)
    assert (counters.disk_read_ops, counters.disk_write_ops) == (2, 2)


def test_v2_what_is_missing_is_none(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu\n")
    group = open_cgroup("bakeoff-ta0000/m", tmp_path)
    assert group is not None and group.version == "cgroup-v2"
    assert "disk" not in group.controllers
    assert set(group.counters()) == {None}


def test_v2_freezes_and_thaws_children_too(v2: FakeV2) -> None:
    parent = CgroupV2(v2.root, "bakeoff-ta0000")
    (parent.path / "cgroup.freeze").touch()
    (parent.path / "cgroup.events").write_text("frozen 1\n")
    assert parent.freeze()
    assert (parent.path / "cgroup.freeze").read_text() == "1"
    v2.freeze()
    parent.thaw()
    assert (v2.path / "cgroup.freeze").read_text() == "0"


@pytest.fixture
def v1(tmp_path: Path) -> CgroupV1:
    for controller in ("cpu", "memory", "blkio", "freezer"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "cgroup.procs").touch()
    (tmp_path / "cpuacct").symlink_to("cpu")  # as on systemd hosts
    group = CgroupV1(tmp_path, "bakeoff-ta0000/m")
    group.create()
    for folder in group.directories():
        (folder / "cgroup.procs").write_text("17\n")
    for file in ("cpu/{}/cpu.cfs_period_us", "cpu/{}/cpu.cfs_quota_us", "memory/{}/memory.limit_in_bytes"):
        (tmp_path / file.format(group.name)).touch()
    for kind in ("read_bps", "write_bps", "read_iops", "write_iops"):
        (tmp_path / "blkio" / group.name / f"blkio.throttle.{kind}_device").touch()
    return group


def test_v1_writes_limits_and_joins_each_folder_once(v1: CgroupV1, tmp_path: Path) -> None:
    v1.limit_cpu(0.15)
    v1.limit_memory(1 << 30)  # no memsw file: this kernel does not count swap
    v1.limit_disk(LIMIT)
    assert (tmp_path / "cpu" / v1.name / "cpu.cfs_quota_us").read_text() == str(round(0.15 * CPU_PERIOD_US))
    assert (tmp_path / "memory" / v1.name / "memory.limit_in_bytes").read_text() == str(1 << 30)
    assert (tmp_path / "blkio" / v1.name / "blkio.throttle.write_iops_device").read_text() == "254:0 40"
    assert len(v1.join_files()) == 4  # cpu and cpuacct are one
    assert v1.pids() == {17}


def test_v1_counts_reads_and_not_writes(v1: CgroupV1, tmp_path: Path) -> None:
    (tmp_path / "cpu" / v1.name / "cpu.stat").write_text("nr_periods 10\nnr_throttled 4\nthrottled_time 1\n")
    (tmp_path / "cpu" / v1.name / "cpuacct.usage").write_text("2500000000\n")
    (tmp_path / "memory" / v1.name / "memory.usage_in_bytes").write_text("5000\n")
    (tmp_path / "memory" / v1.name / "memory.stat").write_text("total_active_file 1000\ntotal_inactive_file 500\n")
    text = "254:0 Read 70\n254:0 Write 9\n254:0 Total 79\nTotal 79\n"
    for file in ("io_serviced", "io_service_bytes"):
        (tmp_path / "blkio" / v1.name / f"blkio.throttle.{file}").write_text(text)
    counters = v1.counters()
    assert (counters.cpu_s, counters.memory_bytes, counters.periods_throttled) == (2.5, 3500, 4)
    assert (counters.disk_read_ops, counters.disk_read_bytes) == (70, 70)
    assert (counters.disk_write_ops, counters.disk_write_bytes) == (None, None)  # unknown, which is not zero


def test_no_cgroups_at_all(tmp_path: Path) -> None:
    assert open_cgroup("bakeoff-ta0000/m", tmp_path) is None
