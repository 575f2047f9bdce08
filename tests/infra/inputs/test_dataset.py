"""The images of an experiment in the cache."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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
