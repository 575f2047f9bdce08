"""The generated photographs: the same every time, and of the size of real ones."""

from __future__ import annotations

import io
import statistics
from pathlib import Path

import pytest
from PIL import Image

from workloads.dataset import list_dataset
from workloads.generate import FLOWERS, draw, generate, main
from workloads.storage import Folder


def test_same_seed_same_bytes_whatever_the_processes(tmp_path: Path) -> None:
    for name, processes in [("one", 1), ("two", 2)]:
        generate(tmp_path / name, 12, seed=5, processes=processes)
    one, two = Folder(tmp_path / "one"), Folder(tmp_path / "two")
    assert one.list() == two.list()
    assert all(one.read(entry.name) == two.read(entry.name) for entry in one.list())
    assert draw(0, 5) != draw(0, 6)


def test_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--out", str(tmp_path), "--images", "10", "--seed", "1"])
    dataset = list_dataset(str(tmp_path))
    assert dataset.classes == sorted(FLOWERS)
    assert len(dataset.images) == 10
    assert "10 images" in capsys.readouterr().out


def test_sizes_are_like_those_of_the_real_set() -> None:
    drawn = [draw(index, 0)[1] for index in range(200)]
    sizes = [len(data) for data in drawn]
    shapes = [Image.open(io.BytesIO(data)).size for data in drawn]
    assert 55_000 < statistics.mean(sizes) < 69_000
    assert 38_000 < statistics.median(sizes) < 58_000
    assert statistics.median(width for width, _ in shapes) == 320
    assert statistics.median(height for _, height in shapes) == 240


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="received 0"):
        generate(tmp_path, 0)
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--images", "0"])
