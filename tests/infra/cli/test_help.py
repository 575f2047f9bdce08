"""The help lists the verbs in groups, and the shell completes names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.base.paths import PROJECT_DIR
from infra.cli.app import GROUPS, app

BAKEOFF = Path(sys.executable).with_name("bakeoff")


def completed(words: str, home: Path) -> list[str]:
    environment = {**os.environ, "HOME": str(home), "_BAKEOFF_COMPLETE": "complete_bash", "COMP_WORDS": words}
    environment |= {"COMP_CWORD": str(len(words.split()) - 1), "PYTHONPATH": str(PROJECT_DIR)}
    done = subprocess.run([BAKEOFF], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_every_verb_is_in_one_group() -> None:
    text = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, ["--help"]).output
    positions = [text.index(f"─ {group} ─") for group in GROUPS]
    assert positions == sorted(positions)
    listed = [verb.__name__.rsplit(".", 1)[-1] for verbs in GROUPS.values() for verb in verbs]
    assert sorted(listed) == sorted(str(command.name) for command in app.registered_commands)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bakeoff plan four-s", ["four-small-ssd", "four-small-standard"]),
        ("bakeoff run --on one-large-st", ["one-large-standard"]),
        ("bakeoff run write", ["write_tfrecords"]),
        ("bakeoff bench de", ["demo"]),
        ("bakeoff sea", ["search"]),
    ],
)
def test_names_are_completed(words: str, expected: list[str], tmp_path: Path) -> None:
    assert completed(words, tmp_path) == expected


def test_completion_is_installed_for_the_shell(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "SHELL": "/bin/bash",
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    done = subprocess.run([BAKEOFF, "--install-completion", "bash"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    script = (tmp_path / ".bash_completions" / "bakeoff.sh").read_text()
    assert "complete_bash" in script
    assert str(tmp_path) in (tmp_path / ".bashrc").read_text()
