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


def asked(words: str) -> dict[str, str]:
    """The environment in which bash asks for completions of these words."""
    number = str(len(words.split()) - 1)
    return {"_BAKEOFF_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": number}


def test_every_verb_is_in_one_group() -> None:
    text = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, ["--help"]).output
    positions = [text.index(f"─ {group} ─") for group in GROUPS]
    assert positions == sorted(positions)
    listed = [verb.__name__.rsplit(".", 1)[-1] for verbs in GROUPS.values() for verb in verbs]
    assert sorted(listed) == sorted(str(command.name) for command in app.registered_commands)


def test_the_program_completes_a_scenario(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(PROJECT_DIR), **asked("bakeoff plan four-s")}
    done = subprocess.run([BAKEOFF], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["four-small-ssd", "four-small-standard"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("bakeoff run --on one-large-st", ["one-large-standard"]),
        ("bakeoff run write", ["write_tfrecords"]),
        ("bakeoff bench de", ["demo"]),
        ("bakeoff sea", ["search"]),
    ],
)
def test_names_are_completed(words: str, expected: list[str]) -> None:
    result = CliRunner(env=asked(words)).invoke(app, [], prog_name="bakeoff")
    assert result.output.split() == expected


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
