"""What the benches start: it ends with its block."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.bench.bench_img2dataset import img2dataset

STUB = """#!/bin/sh
sleep 300 &
echo $! > child
read go
echo '{"done": 3, "rate": 1.5}'
wait
"""


def test_img2dataset_ends_with_what_it_started(tmp_path: Path) -> None:
    stub = tmp_path / "python"
    stub.write_text(STUB)
    stub.chmod(0o755)
    with img2dataset(stub, tmp_path, tmp_path / "urls.txt", threads=4, count=3) as go:
        assert go() == 1.5
        child = psutil.Process(int((tmp_path / "child").read_text()))
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
