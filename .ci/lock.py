"""Writes constraints.txt: the exact version of every package, direct and transitive, in one section per extra.

Run as ``make lock``. It resolves pyproject.toml with all its extras anew, so it is also how versions are raised;
``make lock KEEP=1`` keeps the versions that are there and adds only what is missing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
HEADER = """\
# Every version, direct and transitive, for Python 3.11 on Linux x86-64. Written by `make lock`; do not edit by hand.
# A section holds what its extra adds to the sections above it; .ci/setup.sh installs by section.
"""


def resolve(keep: bool) -> dict[str, dict[str, Any]]:
    """Package metadata by canonical name, for all extras together, as pip would install them."""
    # .venv may lack a pip of its own: the interpreter it was made from has one (.ci/setup.sh).
    pip = [sys._base_executable, "-m", "pip", "--python", sys.executable]  # type: ignore[attr-defined]
    command = [*pip, "install", "--quiet", "--dry-run", "--ignore-installed"]
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command += ["--report", report.name, *(["-c", str(CONSTRAINTS)] if keep else []), f"{ROOT}[train,gcp,test]"]
        subprocess.run(command, check=True)
        installed = json.loads(Path(report.name).read_text())["install"]
    return {canonicalize_name(item["metadata"]["name"]): item["metadata"] for item in installed}


def closure(requirements: list[str], packages: dict[str, dict[str, Any]]) -> set[str]:
    """Canonical names of the requirements and of all that they require here."""
    found: set[tuple[str, str]] = set()
    todo = [Requirement(text) for text in requirements]
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if (name, extra) in found:
                continue
            found.add((name, extra))
            children = [Requirement(text) for text in packages[name].get("requires_dist", [])]
            todo += [child for child in children if child.marker is None or child.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    packages = resolve(keep=bool(os.environ.get("KEEP")))
    wanted = {"base": project["dependencies"], **project["optional-dependencies"]}
    lines, done = [HEADER], {"bakeoff"}
    for section, requirements in wanted.items():
        names = closure([text for text in requirements if not re.match(r"bakeoff\b", text)], packages) - done
        done |= names
        lines.append(f"\n# [{section}]\n")
        lines += [f"{packages[name]['name']}=={packages[name]['version']}\n" for name in sorted(names)]
    CONSTRAINTS.write_text("".join(lines))


if __name__ == "__main__":
    main()
