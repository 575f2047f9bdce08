"""The seam over buckets and folders: both sides keep the same promises."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest

from workloads import bucket
from workloads.bucket import Bucket
from workloads.errors import ConfigError, NotFound, StorageError
from workloads.storage import Entry, Folder, Store, map_bounded, open_store, read_uri


@pytest.fixture(params=["folder", "bucket", "prefix"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Folder(tmp_path / "store")
    uri = request.getfixturevalue("bucket")
    return open_store(uri if request.param == "bucket" else f"{uri}/some/prefix")


def test_what_is_written_is_listed_and_read(store: Store) -> None:
    assert store.write("b/x.jpg", b"one") == 3
    assert store.write("a/x.jpg", io.BytesIO(b"three")) == 5
    assert store.list() == [Entry("a/x.jpg", 5), Entry("b/x.jpg", 3)]
    assert store.read("a/x.jpg") == b"three"
    assert store.exists("a/x.jpg")
    assert not store.exists("a/y.jpg")
    assert read_uri(f"{store.uri}/b/x.jpg") == b"one"


@pytest.mark.parametrize(
    "name", ["rosé/früh ling.jpg", "花/ひまわり #1?.jpg", "a/100%25.jpg", "a/e\u0301.jpg", "a/🌻+&.jpg"]
)
def test_any_name_works(store: Store, name: str) -> None:
    store.write(name, b"x")
    assert [entry.name for entry in store.list()] == [name]
    assert store.read(name) == b"x"
    with store.open(name) as stream:
        assert stream.read() == b"x"
    store.delete(name)
    assert not store.exists(name)


def test_empty_object(store: Store) -> None:
    store.write("a/empty", b"")
    assert store.list() == [Entry("a/empty", 0)]
    assert store.read("a/empty") == b""
    with store.open("a/empty") as stream:
        assert stream.read() == b""


def test_large_objects_are_written_and_streamed(store: Store) -> None:
    data = bytes(range(256)) * 40_960  # 10 MiB: more than one request of an upload, and several of a stream
    store.write("large", io.BytesIO(data))
    with store.open("large") as stream:
        pieces = list(iter(lambda: stream.read(3_000_000), b""))
    assert b"".join(pieces) == data


def test_overwriting_replaces(store: Store) -> None:
    store.write("x", b"longer than the next")
    store.write("x", b"short")
    assert store.read("x") == b"short"


def test_what_is_missing_is_named(store: Store) -> None:
    store.write("x", b"")
    with pytest.raises(NotFound, match=r"nothing\.jpg"):
        store.read("a/nothing.jpg")
    with pytest.raises(NotFound, match=r"nothing\.jpg"):
        store.open("a/nothing.jpg")
    store.delete("a/nothing.jpg")


def test_delete_all_spares_the_neighbours(store: Store) -> None:
    place = open_store(f"{store.uri}/here")
    for i in range(20):
        place.write(f"class/{i}", b"x")
    open_store(f"{store.uri}/here-too").write("x", b"x")
    assert place.delete_all() == 20
    assert [entry.name for entry in store.list()] == ["here-too/x"]


def test_missing_places(tmp_path: Path, object_store: str) -> None:
    with pytest.raises(NotFound, match="no folder"):
        Folder(tmp_path / "nowhere").list()
    with pytest.raises(NotFound, match=r"gs://no-such-bucket.*object store at http"):
        Bucket("no-such-bucket").list()


def test_unreachable_object_store_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(bucket, "RETRY_S", 0.1)
    bucket.forget_clients()
    try:
        with pytest.raises(StorageError, match=r"127\.0\.0\.1:9"):
            Bucket("any").list()
    finally:
        bucket.forget_clients()


@pytest.mark.parametrize("uri", ["", "gs://", "gs:///x", "s3://bucket/x", "file://"])
def test_uris_that_name_nothing(uri: str) -> None:
    with pytest.raises(ConfigError, match="gs://"):
        open_store(uri)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    store = Folder(tmp_path)
    store.write("x", b"old")
    with pytest.raises(StorageError, match="Input/output error"):
        store.write("x", Breaks(b"new"))
    assert store.read("x") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_map_bounded_keeps_order_and_bound() -> None:
    lock, started, taken, most = threading.Lock(), 0, 0, 0

    def slow(i: int) -> int:
        nonlocal started, most
        with lock:
            started += 1
            most = max(most, started - taken)
        time.sleep(0.002 if i % 3 else 0.006)
        return i * i

    results = []
    for value in map_bounded(slow, range(40), threads=4):
        results.append(value)
        with lock:
            taken += 1
    assert results == [i * i for i in range(40)]
    assert 1 < most <= 5


def test_map_bounded_passes_errors_on() -> None:
    with pytest.raises(ZeroDivisionError):
        list(map_bounded(lambda x: 1 / x, [1, 2, 0, 3], threads=2))
