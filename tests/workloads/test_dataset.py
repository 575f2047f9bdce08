"""Listing a set of images."""

from __future__ import annotations

from pathlib import Path

import pytest

from workloads.dataset import list_dataset, printable
from workloads.errors import DatasetError
from workloads.storage import Folder, open_store


def test_classes_names_and_notes(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    for name in ["b/x.jpg", "a/x.jpg", "a/deeper/y.jpg", "notes.txt"]:
        store.write(name, b"12")
    (tmp_path / "c").mkdir()
    dataset = list_dataset(str(tmp_path))
    assert [image.name for image in dataset.images] == ["a/deeper/y.jpg", "a/x.jpg", "b/x.jpg"]
    assert dataset.labels == {"a": 0, "b": 1}
    assert dataset.bytes == 6
    assert dataset.empty_classes == ["c"]
    assert dataset.notes == [
        "class 'c' holds no image",
        "1 file(s) outside any class folder were left out: notes.txt",
    ]


def test_bucket_and_folder_give_the_same_set(tmp_path: Path, bucket: str) -> None:
    for store in (Folder(tmp_path), open_store(bucket)):
        for name in ["z/ü.jpg", "z/u.jpg", "a/🌻.jpg", "ä/x.jpg"]:
            store.write(name, b"x")
    ours, theirs = list_dataset(str(tmp_path)), list_dataset(bucket)
    assert ours.images == theirs.images
    assert ours.digest == theirs.digest


def test_nothing_there(tmp_path: Path, bucket: str) -> None:
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / "x.jpg").touch()
    (tmp_path / "empty").mkdir()
    for uri, told in [
        (str(tmp_path / "nowhere"), "no folder"),
        (str(tmp_path / "empty"), "it is empty"),
        (str(tmp_path / "flat"), r"1 file\(s\), but none in a class folder"),
        (f"{bucket}/nothing", "it is empty"),
        ("gs://no-such-bucket-here/x", "not there"),
    ]:
        with pytest.raises(DatasetError, match=f"no images at {uri}: .*{told}.*<prefix>/<class>/<name>"):
            list_dataset(uri)


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    name = b"a/\xff.jpg".decode("utf-8", "surrogateescape")
    (tmp_path / name).write_bytes(b"x")
    dataset = list_dataset(str(tmp_path))
    assert [image.name for image in dataset.images] == [name]
    assert len(dataset.digest) == 64
    assert printable(name) == r"a/\xff.jpg"


def test_what_systems_leave_is_no_class_and_no_image(tmp_path: Path, bucket: str) -> None:
    names = [
        "daisy/a.jpg", "roses/b.jpg",
        ".git/HEAD", ".hidden/c.jpg", "__MACOSX/daisy/._a.jpg", "daisy/.DS_Store", "daisy/Thumbs.db", "daisy/._a.jpg",
        "roses/@eaDir/b.jpg", "roses/Desktop.ini", ".DS_Store", "daisy/.thumbnails/a.jpg",
    ]  # fmt: skip
    for store in (Folder(tmp_path), open_store(bucket)):
        for name in names:
            store.write(name, b"x")
    (tmp_path / ".empty").mkdir()
    for uri in (str(tmp_path), bucket):
        dataset = list_dataset(uri)
        assert dataset.labels == {"daisy": 0, "roses": 1}
        assert [image.name for image in dataset.images] == ["daisy/a.jpg", "roses/b.jpg"]
        assert dataset.empty_classes == []
        assert sorted(dataset.clutter) == sorted(names[2:])
        assert any("10 file(s) hidden or left by a system were left out" in note for note in dataset.notes)
