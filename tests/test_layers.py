"""The rooms of the house: imports go one way, and only infra/terraform*.py speaks to Terraform."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("workloads", "analysis", "infra", "tests")
SPAWNERS = {"run", "Popen", "call", "check_call", "check_output", "create_subprocess_exec", "execvp", "execv", "spawn"}


def imported(tree: ast.AST) -> set[str]:
    """Dotted names of all that is imported, at the top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "import_module":
            names |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return names


def spawned(tree: ast.AST) -> set[str]:
    """First words of the command lines that are written out in calls that start a process."""
    words: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        command = node.args[0]
        if isinstance(command, ast.List | ast.Tuple) and command.elts:
            command = command.elts[0]
        if function in SPAWNERS and isinstance(command, ast.Constant) and isinstance(command.value, str):
            words |= {Path(word).name for word in command.value.split()[:1]}
    return words


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def violations(path: str, source: str) -> list[str]:
    """What a file, by its path from the root, does against the rules."""
    tree = ast.parse(source, path)
    room = path.split("/", maxsplit=1)[0]
    speaks_terraform = room == "tests" or path.startswith("infra/terraform")
    found = []
    for name in sorted(imported(tree)):
        ours = within(name, *ROOMS)
        may_analyse = path in (
            "infra/measure/bench.py",
            "infra/measure/repeats.py",
            "infra/search/live.py",
            "infra/search/past.py",
            "infra/review/costs.py",
        ) or path.startswith("infra/cli/")
        if room == "workloads" and ours and not within(name, "workloads"):
            found.append(f"{path} imports {name}: workloads ships alone and imports only workloads")
        if room == "analysis" and ours and not within(name, "analysis", "workloads.record"):
            found.append(f"{path} imports {name}: analysis reads records, so only analysis and workloads.record")
        if room == "infra" and within(name, "analysis") and not may_analyse:
            found.append(
                f"{path} imports {name}: within infra only bench.py, search.py, search_past.py, review/costs.py, cli/ know it"
            )
        if room == "infra" and within(name, "tests"):
            found.append(f"{path} imports {name}: tests are not part of the product")
        if not speaks_terraform and within(name, "python_terraform"):
            found.append(f"{path} imports {name}: only infra/terraform*.py speaks to Terraform")
    if not speaks_terraform and "terraform" in spawned(tree):
        found.append(f"{path} starts terraform: only infra/terraform*.py does")
    return found


SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def test_there_is_something_to_check() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(ROOMS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rules(path: Path) -> None:
    assert violations(str(path.relative_to(ROOT)), path.read_text()) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("workloads/a/job.py", "from infra.base.errors import UsageError"),
        ("workloads/a/job.py", "def f():\n    import analysis.records.runs"),
        ("analysis/records/runs.py", "from workloads.dataset import images"),
        ("analysis/records/runs.py", "import infra"),
        ("infra/leases/lease.py", "import analysis"),
        ("infra/targets/local/node.py", "import importlib\nimportlib.import_module('analysis.records.runs')"),
        ("infra/clusters/clean.py", "import python_terraform"),
        ("infra/clusters/clean.py", "import subprocess\nsubprocess.run(['terraform', 'version'])"),
        ("infra/clusters/clean.py", "import subprocess\nsubprocess.Popen('/usr/bin/terraform version', shell=True)"),
    ],
)
def test_a_violation_is_seen(path: str, source: str) -> None:
    assert len(violations(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("analysis/records/runs.py", "from workloads.record import RunRecord"),
        ("analysis/records/runs.py", "from workloads import record"),
        ("infra/cli/report.py", "from analysis import report"),
        ("infra/terraform/client.py", "import python_terraform"),
        ("workloads/a/job.py", "import subprocess\nsubprocess.run(['ls'])"),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert violations(path, source) == []
