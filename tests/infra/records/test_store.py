"""Records in a bucket: fetched whole, created once, never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.records import store as shared_runs
from workloads.storage import open_store


def a_record(runs: Path, name: str, words: str = "{}") -> Path:
    folder = runs / "demo" / name
    (folder / "logs").mkdir(parents=True)
    (folder / "run.json").write_text(words)
    (folder / "logs" / "driver.log").write_text("said")
    return folder


def test_records_go_there_and_come_back(bucket: str, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    a_record(here, "cell-1")
    (here / "demo" / ".tmp-abc123-1-cell").mkdir()
    (here / "demo" / ".tmp-abc123-1-cell" / "run.json").write_text("{}")
    (here / "leases" / "abc123").mkdir(parents=True)
    (here / "leases" / "abc123" / "run.json").write_text("{}")
    assert shared_runs.push(here, f"{bucket}/team") == 2
    assert shared_runs.push(here, f"{bucket}/team") == 0
    assert sorted(e.name for e in open_store(f"{bucket}/team").list()) == [
        "demo/cell-1/logs/driver.log",
        "demo/cell-1/run.json",
    ]
    assert shared_runs.pull(f"{bucket}/team", there) == 2
    assert (there / "demo" / "cell-1" / "run.json").read_text() == "{}"
    assert shared_runs.pull(f"{bucket}/team", there) == 0


def test_a_record_is_never_overwritten(bucket: str, tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    a_record(theirs, "cell-1", '{"by": "them"}')
    shared_runs.push(theirs, bucket)
    folder = a_record(mine, "cell-1", '{"by": "me"}')
    (folder / "teardown.json").write_text("{}")  # known later, and new
    assert shared_runs.push(mine, bucket) == 1
    assert open_store(bucket).read("demo/cell-1/run.json") == b'{"by": "them"}'
    shared_runs.pull(bucket, mine)
    assert (folder / "run.json").read_text() == '{"by": "me"}'


def test_two_that_push_at_once_do_not_overwrite(bucket: str, tmp_path: Path) -> None:
    """The list was taken before the other one pushed: the server refuses by itself."""
    a_record(tmp_path / "mine", "cell-1", '{"by": "me"}')
    open_store(bucket).write("demo/cell-1/run.json", b'{"by": "them"}')

    class Late:
        def __init__(self, real: object) -> None:
            self.real = real

        def list_blobs(self, prefix: str) -> list[object]:
            return []

        def blob(self, name: str) -> object:
            return self.real.blob(name)  # type: ignore[attr-defined]

    place = shared_runs._bucket
    try:
        shared_runs._bucket = lambda uri: (Late(place(uri)[0]), place(uri)[1])
        assert shared_runs.push(tmp_path / "mine", bucket) == 1  # its log, and not run.json
    finally:
        shared_runs._bucket = place
    assert open_store(bucket).read("demo/cell-1/run.json") == b'{"by": "them"}'


@pytest.mark.parametrize("way", ["demo/../..", "absolute"])
def test_a_name_that_leads_out_of_the_mirror_is_not_fetched(tmp_path: Path, way: str) -> None:
    name = f"{tmp_path if way == 'absolute' else way}/outside/run.json"

    class Blob:
        def __init__(self) -> None:
            self.name = f"team/{name}"

        def download_to_filename(self, path: Path) -> None:
            path.write_text("{}")

    class Bucket:
        def list_blobs(self, prefix: str) -> list[Blob]:
            return [Blob()]

    place = shared_runs._bucket
    try:
        shared_runs._bucket = lambda uri: (Bucket(), "team/")
        assert shared_runs.pull("gs://theirs/team", tmp_path / "mirror" / "here") == 0
    finally:
        shared_runs._bucket = place
    assert list(tmp_path.rglob("run.json")) == []


def test_half_a_record_is_not_fetched(bucket: str, tmp_path: Path) -> None:
    open_store(bucket).write("demo/cell-9/logs/driver.log", b"said")  # its run.json has not arrived
    assert shared_runs.pull(bucket, tmp_path) == 0


def test_a_store_is_brought_up_to_date_and_put_back_even_when_the_work_fails(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_runs, "CACHE_DIR", tmp_path / "cache")
    a_record(tmp_path / "theirs", "cell-1")
    shared_runs.push(tmp_path / "theirs", f"{bucket}/team")
    with pytest.raises(KeyError), shared_runs.RunStore(f"{bucket}/team/") as store:  # noqa: PT012
        assert store.uri == f"{bucket}/team" and (store.folder / "demo" / "cell-1" / "logs" / "driver.log").exists()
        a_record(store.folder, "cell-2")
        raise KeyError
    assert open_store(f"{bucket}/team").read("demo/cell-2/run.json") == b"{}"


def test_a_folder_is_no_mirror(tmp_path: Path) -> None:
    with shared_runs.RunStore(str(tmp_path / "runs")) as store:
        assert (store.folder, store.uri) == (tmp_path / "runs", None)
    assert not store.folder.exists()
