"""The images of an experiment in the cache."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.base.errors import UsageError
from infra.base.progress import Silent
from infra.inputs import dataset as data
from infra.inputs.experiment import DataSpec
from workloads.generate import generate


def test_two_that_want_the_same_images_at_once_draw_them_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Path] = []

    def slowly(folder: Path, count: int, seed: int) -> None:
        drawn.append(folder)
        threading.Event().wait(0.5)
        generate(folder, count, seed)

    monkeypatch.setattr(data, "CACHE_DIR", tmp_path)
    monkeypatch.setattr(data, "generate", slowly)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(data.prepare, DataSpec(count=3), Silent(), in_place=False) for _ in range(2)]
        first, second = (future.result(120) for future in both)
    assert first == second
    assert first.facts["images"] == 3
    assert len(drawn) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["flowers-like-3-1"]


def test_a_file_name_that_is_not_utf8_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / b"a/caf\xe9.jpg".decode("utf-8", "surrogateescape")).write_bytes(b"x")
    with pytest.raises(UsageError, match=r"received a/caf\\xe9\.jpg\. Rename them"):
        data.prepare(DataSpec(images=str(tmp_path)), Silent(), in_place=False)


def test_what_systems_leave_in_folders_is_not_copied(tmp_path: Path) -> None:
    for name in ("a/x.jpg", ".git/HEAD", "__MACOSX/a/._x.jpg", "a/.DS_Store"):
        (tmp_path / "from" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "from" / name).write_bytes(b"x")
    data.copy(str(tmp_path / "from"), str(tmp_path / "to"), "images", Silent())
    assert [path.name for path in (tmp_path / "to").rglob("*") if path.is_file()] == ["x.jpg"]
