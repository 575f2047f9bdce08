"""Set-up: the pinned list is whole, and what is wrong with a machine is said in one sentence with its cure."""

from __future__ import annotations

import importlib.metadata
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("sh awk cat cksum df dirname env flock git grep make mkdir printf rm sed tail uname").split()


PYTHONS = ("3.11", "3.12", "3.13")


def pins(python: str) -> dict[str, str]:
    """Version by canonical name, of what constraints.txt has for that Python on Linux."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(environment(python))
    }


def environment(python: str, extra: str = "") -> dict[str, str]:
    return {"python_version": python, "python_full_version": f"{python}.0", "extra": extra}


def unmet(requirements: Iterable[str], pinned: Mapping[str, str], python: str) -> list[str]:
    """Those of the requirements that the pinned versions do not satisfy on that Python."""
    faults = []
    for requirement in map(Requirement, requirements):
        if requirement.marker and not requirement.marker.evaluate(environment(python)):
            continue
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            faults.append(f"{requirement} (pinned: {version})")
    return faults


@pytest.mark.parametrize("python", PYTHONS)
def test_the_pins_satisfy_the_project_and_each_other(python: str) -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert SpecifierSet(stated["requires-python"]).contains(python)
    asked = [*stated["dependencies"], *itertools.chain(*stated["optional-dependencies"].values())]
    pinned = pins(python)
    assert unmet([text for text in asked if not text.startswith("bakeoff[")], pinned, python) == []
    for name in pinned:
        assert unmet(importlib.metadata.requires(name) or [], pinned, python) == [], name


def test_what_is_installed_is_what_is_pinned() -> None:
    pinned = pins(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert {name: importlib.metadata.version(name) for name in pinned} == pinned


def test_an_unmet_requirement_is_seen() -> None:
    assert unmet(["numpy>=3"], {"numpy": "2.4.6"}, "3.11") == ["numpy>=3 (pinned: 2.4.6)"]
    assert unmet(["numpy"], {}, "3.11") == ["numpy (pinned: None)"]
    assert unmet(["numpy; extra == 'x'", "numpy; python_version < '3.12'"], {}, "3.12") == []


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml", ".ci/requirements-policy.txt", ".ci/setup.sh"])
def test_no_index_address_is_named(name: str) -> None:
    assert "://" not in (ROOT / name).read_text()


# --- .ci/setup.sh ------------------------------------------------------------------------------------------


class Machine:
    """A copy of what set-up reads, and a PATH that holds only what is put there."""

    def __init__(self, folder: Path) -> None:
        self.passed_on: tuple[str, ...] = ("PIP_", "HTTP", "http", "SSL_", "HOME")
        self.root = folder / "checkout"
        self.bin = folder / "bin"
        (self.root / ".ci").mkdir(parents=True)
        self.bin.mkdir()
        for name in (
            "pyproject.toml",
            "constraints.txt",
            "README.md",
            "LICENSE",
            ".ci/setup.sh",
            ".ci/requirements-policy.txt",
        ):
            shutil.copy(ROOT / name, self.root / name)
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.bin / tool).symlink_to(found)
        self.python(sys.executable)

    def tool(self, name: str, script: str) -> None:
        """Put a shell script on the PATH, in place of what is there."""
        self.without(name)
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def without(self, *names: str) -> None:
        for name in names:
            (self.bin / name).unlink(missing_ok=True)

    def python(self, executable: str) -> None:
        # The interpreter behind the virtual environment, so that what it makes stands on its own.
        base = getattr(sys, "_base_executable", executable)
        self.tool("python3", f'exec "{base}" "$@"')

    def environment(self, **more: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key.startswith(self.passed_on)}
        return {**kept, "PATH": str(self.bin), "PYTHON": "python3", **more}

    def set_up(self, packages: str = "base", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.root / ".ci/setup.sh"), packages],
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=700,
        )

    def refusal(self, **more: str) -> str:
        """The one sentence that set-up ends with; no traceback, no stamp."""
        result = self.set_up(**more)
        assert result.returncode == 1, result.stderr
        assert not list(self.root.glob(".venv/*.stamp"))
        said = [line for line in result.stderr.splitlines() if not line.startswith("bakeoff: installing into")]
        assert len(said) == 1, result.stderr
        assert said[0].startswith("bakeoff: ")
        return said[0]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_no_python_at_all(machine: Machine) -> None:
    machine.without("python3")
    sentence = machine.refusal()
    assert (
        "Python 3.11, 3.12 or 3.13 with its modules venv and ensurepip is needed (there is no Python at all)"
        in sentence
    )
    assert "cure: sudo apt-get install -y python3-venv" in sentence


@pytest.mark.parametrize("version", ["3.10", "3.14"])
def test_a_wrong_python_is_named(machine: Machine, version: str) -> None:
    machine.tool("python3", f'case "$*" in *version_info*) echo {version};; esac')
    assert f"(python3 is {version})" in machine.refusal()


def test_a_python_that_cannot_make_environments(machine: Machine) -> None:
    real = getattr(sys, "_base_executable", sys.executable)
    machine.tool("python3", f'case "$*" in *ensurepip*) exit 1;; esac; exec "{real}" "$@"')
    machine.tool("dnf", "exit 1")
    sentence = machine.refusal()
    assert "without ensurepip" in sentence
    assert "cure: sudo dnf install -y python3" in sentence


def test_uv_installs_unless_pip_has_settings_of_its_own(machine: Machine) -> None:
    machine.tool("uv", 'echo "uv $*"; exit 1')
    machine.passed_on = ()
    log = machine.root / ".cache/setup/base.log"
    machine.set_up(PIP_CONFIG_FILE=os.devnull)
    assert "uv pip install --python .venv/bin/python -c constraints.txt setuptools" in log.read_text()
    settings = machine.root / "pip.conf"
    settings.write_text(f"[global]\nno-index = true\nfind-links = {machine.root}\n")
    machine.set_up(PIP_CONFIG_FILE=str(settings))
    assert f"Looking in links: {machine.root}" in log.read_text()
    assert "uv pip" not in log.read_text()


def test_without_a_python_that_can_uv_makes_the_environment(machine: Machine) -> None:
    machine.without("python3")
    machine.tool("uv", 'echo "uv $*"; exit 1')
    assert "uv venv --seed --python >=3.11,<3.14 .venv" in machine.set_up().stderr


@pytest.mark.parametrize("tool", ["make", "git"])
def test_a_missing_tool_is_named(machine: Machine, tool: str) -> None:
    machine.without(tool)
    machine.tool("dnf", "exit 1")
    sentence = machine.refusal()
    assert f"{tool} is not installed" in sentence
    assert sentence.endswith(f"sudo dnf install -y {tool}")


def test_too_little_disk(machine: Machine) -> None:
    machine.tool("df", "echo Filesystem; echo /dev/x 9 9 512000 9 /")
    sentence = machine.refusal()
    assert "500 MB free" in sentence
    assert "1700 MB" in sentence


def test_another_kind_of_machine(machine: Machine) -> None:
    machine.tool("uname", 'case "$1" in -s) echo Darwin;; -m) echo arm64;; *) echo Darwin arm64;; esac')
    assert "Linux x86-64" in machine.refusal()


def test_no_network_to_the_index(machine: Machine) -> None:
    nowhere = "http://127.0.0.1:9"
    sentence = machine.refusal(
        PIP_INDEX_URL=f"{nowhere}/simple", PIP_CONFIG_FILE="/dev/null", PIP_FIND_LINKS="", PIP_NO_CACHE_DIR="1"
    )
    assert "the package index cannot be reached" in sentence
    assert "cure:" in sentence


def test_an_index_without_the_versions(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    sentence = machine.refusal(PIP_NO_INDEX="1", PIP_CONFIG_FILE="/dev/null", PIP_FIND_LINKS=str(tmp_path / "index"))
    assert "lacks a version" in sentence
    assert "make lock" in sentence


def test_a_folder_that_is_no_environment_is_left_alone(machine: Machine) -> None:
    (machine.root / ".venv").mkdir()
    (machine.root / ".venv/thesis.txt").write_text("mine")
    assert "left alone" in machine.refusal()
    assert (machine.root / ".venv/thesis.txt").read_text() == "mine"


def test_an_unknown_set_is_refused(machine: Machine) -> None:
    result = machine.set_up("everything")
    assert result.returncode == 1
    assert "give base, gcp, train, test or policy" in result.stderr


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_cut_off_then_whole_then_nothing_to_do_then_moved(machine: Machine) -> None:
    for room in ("workloads", "analysis", "infra"):
        shutil.copytree(ROOT / room, machine.root / room, ignore=shutil.ignore_patterns("__pycache__"))
    command = [str(machine.root / ".ci/setup.sh"), "base"]
    venv = machine.root / ".venv"

    first = subprocess.Popen(
        command, env=machine.environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not list(venv.glob("lib/*/site-packages/*.dist-info")) and first.poll() is None:
        time.sleep(0.2)
    assert first.poll() is None, first.communicate()[1]
    os.killpg(first.pid, signal.SIGTERM)  # a test run in the background has SIGINT ignored, and so have its children
    assert first.wait(120) != 0
    assert not list(venv.glob("*.stamp"))

    second = machine.set_up()
    assert second.returncode == 0, second.stderr
    assert "making it anew" in second.stderr
    check = subprocess.run([venv / "bin/bakeoff", "--help"], capture_output=True, text=True)
    assert check.returncode == 0, check.stderr

    before = {path: path.stat().st_mtime_ns for path in venv.iterdir()}
    third = machine.set_up()
    assert (third.returncode, third.stdout, third.stderr) == (0, "", "")
    assert {path: path.stat().st_mtime_ns for path in venv.iterdir()} == before

    machine.root = machine.root.rename(machine.root.with_name("elsewhere"))
    machine.tool("df", "echo; echo x x x 1 x x")  # so that it stops before it installs
    moved = machine.set_up()
    assert moved.returncode == 1
    assert "was moved" in moved.stderr
    assert "too little disk" in moved.stderr
