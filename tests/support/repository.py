"""A small repository with scenarios, a catalogue, an experiment and a Terraform root, to change and to review."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from infra.base.paths import PROJECT_DIR
from infra.base.progress import Silent
from infra.records.store import RunStore
from infra.review.review import Review, review

SHAPE = """\
name                = "{name}"
workers             = {workers}
machine_type        = "n1-standard-2"
master_machine_type = "n1-standard-2"
disk_type           = "pd-ssd"
disk_gb             = {disk_gb}
"""
EXPERIMENT = """\
name = "demo"
scenarios = ["four", "six"]
repeats = 3

[[workloads]]
name = "write_tfrecords"
config = { image_size = 192 }
"""
REGION = "us-central1"


class Repository:
    """A git repository whose ``main`` is committed, on a branch ``change`` with nothing in it yet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        catalogue = root / "infra" / "catalogue"
        catalogue.mkdir(parents=True)
        for path in (PROJECT_DIR / "infra" / "catalogue").glob("*.csv"):
            shutil.copy(path, catalogue)
        self.shape("four", 4)
        self.shape("six", 6)
        self.write("infra/experiments/demo.toml", EXPERIMENT)
        self.write(".gitignore", ".terraform*\n")
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("start")
        self.git("switch", "--quiet", "--create", "change")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", "-C", str(self.root), *identity, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def shape(self, name: str, workers: int, disk_gb: int = 200) -> None:
        self.write(f"infra/scenarios/{name}.tfvars", SHAPE.format(name=name, workers=workers, disk_gb=disk_gb))

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def review(self, base: str = "main", runs: Path | None = None) -> Review:
        return review(self.root, base, RunStore(str(runs or self.root / "runs")), REGION, Silent())
