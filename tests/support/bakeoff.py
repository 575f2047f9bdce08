"""Run the command line as a user would: in a process of its own, on runs folders of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.base.paths import PROJECT_DIR

HOST_STATE = PROJECT_DIR / "tests" / "support" / "host_state.py"
TEARDOWN_S = 180


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "infra.cli.app", *arguments]


def environment(runs: Path) -> dict[str, str]:
    return {**os.environ, "BAKEOFF_RUNS": str(runs), "COLUMNS": "200"}


@contextmanager
def started(runs: Path, *arguments: str, **popen: Any) -> Iterator[subprocess.Popen[Any]]:
    """A verb under way. Where the test ends first, the verb is asked to tear down."""
    with subprocess.Popen(command(*arguments), cwd=PROJECT_DIR, env=environment(runs), **popen) as verb:
        try:
            yield verb
        except BaseException:  # also the interrupt of a test run: a verb that is killed would leave its cluster
            verb.terminate()
            try:
                verb.communicate(timeout=TEARDOWN_S)
            finally:
                verb.kill()
            raise


def run(runs: Path, *arguments: str, expect: int = 0, timeout_s: float = 900) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end and check its exit code."""
    with started(runs, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as verb:
        out, err = verb.communicate(timeout=timeout_s)
    done = subprocess.CompletedProcess(verb.args, verb.returncode, out, err)
    assert done.returncode == expect, f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def run_json(runs: Path, *arguments: str, expect: int = 0, timeout_s: float = 900) -> Any:
    """The document that a verb prints with --json."""
    return json.loads(run(runs, *arguments, "--json", expect=expect, timeout_s=timeout_s).stdout)


def snapshot(*folders: Path) -> str:
    """State of the host, by a script that imports nothing of the project."""
    listed = subprocess.run(
        [sys.executable, str(HOST_STATE), *map(str, folders)], capture_output=True, text=True, check=True
    )
    return listed.stdout


def new_since(before: str, tmp_path: Path, *folders: Path) -> dict[str, list[str]]:
    """What is there now and was not there then."""
    saved = tmp_path / "before.json"
    saved.write_text(before)
    compared = subprocess.run(
        [sys.executable, str(HOST_STATE), "--compare", str(saved), *map(str, folders)], capture_output=True, text=True
    )
    found: dict[str, list[str]] = json.loads(compared.stdout)
    return found
