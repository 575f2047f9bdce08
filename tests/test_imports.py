"""Imports go one way (the contracts in pyproject.toml), and only infra/terraform speaks to Terraform."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("workloads", "analysis", "infra")
SPAWNERS = {"run", "Popen", "call", "check_call", "check_output", "create_subprocess_exec", "execvp", "execv", "spawn"}

# One import that breaks each contract, by the contract's name: it is added to the end of a file.
VIOLATIONS = {
    "workloads ships alone, analysis reads records, infra drives": ("workloads/errors.py", "infra.base.errors"),
    "analysis knows records, and nothing else of workloads": ("analysis/errors.py", "workloads.dataset"),
    "the rooms of infra": ("infra/base/logs.py", "infra.catalogue"),
    "targets do not know each other": ("infra/targets/vertex/job.py", "infra.targets.dataproc.jobs"),
    "the local target knows nothing of Google": ("infra/targets/local/sizing.py", "infra.targets.google.labels"),
    "the rooms of analysis": ("analysis/statistics/curves.py", "analysis.report.page"),
    "the rooms of a search": ("analysis/search/core/ranking.py", "analysis.search.replay.split"),
    "only infra.terraform speaks to Terraform": ("infra/clusters/clean.py", "python_terraform"),
    "tests are not part of the product": ("infra/cli/doctor.py", "tests.conftest"),
}


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [f"{sysconfig.get_path('scripts')}/lint-imports", "--no-cache", "--config", "pyproject.toml"]
    environment = {"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin", "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=120)


def test_imports_go_one_way() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_violation_of_every_contract_is_seen(tmp_path: Path) -> None:
    for room in ROOMS:
        for source in (ROOT / room).rglob("*.py"):
            copy = tmp_path / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, module in VIOLATIONS.values():
        with (tmp_path / path).open("a") as file:
            file.write(f"\n\ndef late() -> None:\n    import {module}\n")
    said = lint(tmp_path).stdout
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert [contract["name"] for contract in contracts] == list(VIOLATIONS)
    assert {name for name in VIOLATIONS if f"{name} BROKEN" in said} == set(VIOLATIONS), said


def violations(path: str, source: str) -> list[str]:
    """What the contracts cannot see: Terraform started by hand, and rooms imported by a name in a string."""
    found = []
    for node in ast.walk(ast.parse(source, path)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[0]
        if isinstance(first, ast.List | ast.Tuple) and first.elts:
            first = first.elts[0]
        word = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
        if function == "import_module" and word.split(".")[0] in (*ROOMS, "tests", "python_terraform"):
            found.append(f"{path} imports '{word}' by its name: import it plainly")
        if function in SPAWNERS and Path(word.partition(" ")[0]).name == "terraform":
            found.append(f"{path} starts terraform: only infra/terraform does")
    return found if not path.startswith("infra/terraform/") else [line for line in found if "starts" not in line]


def test_only_one_room_starts_terraform_and_imports_are_plain() -> None:
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(paths) > 100
    assert [line for path in paths for line in violations(str(path.relative_to(ROOT)), path.read_text())] == []


@pytest.mark.parametrize(
    ("path", "source", "seen"),
    [
        ("infra/targets/local/node.py", "import importlib\nimportlib.import_module('analysis.records.runs')", 1),
        ("infra/clusters/clean.py", "import subprocess\nsubprocess.run(['terraform', 'version'])", 1),
        ("infra/clusters/clean.py", "import subprocess\nsubprocess.Popen('/usr/bin/terraform version', shell=True)", 1),
        ("infra/terraform/client.py", "import subprocess\nsubprocess.run(['terraform', 'version'])", 0),
        ("workloads/a/job.py", "import subprocess\nsubprocess.run(['ls'])", 0),
    ],
)
def test_what_the_contracts_cannot_see(path: str, source: str, seen: int) -> None:
    assert len(violations(path, source)) == seen
