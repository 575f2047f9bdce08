"""What the stand-in is made of, from the package index: its own small environment, and wheels with the schema."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.base.errors import SetupError

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
WHEELS = {"7.46.1": "20.3.1", "8.7.0": "21.1.0"}
"""Version of the provider -> version of ``cdktn-provider-google`` that was generated from it."""


def interpreter() -> str:
    """The interpreter under this environment: the stand-in must not see the packages installed here."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def install_environment(directory: Path) -> None:
    """Install what the stand-in imports into ``directory``, whole or not at all. Does nothing if it is there."""
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    stamp = directory / REQUIREMENTS.name
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        target = Path(temporary) / "packages"
        _pip("install", "--no-deps", "--no-compile", "--target", str(target), "--requirement", str(REQUIREMENTS))
        (target / REQUIREMENTS.name).write_text(wanted, encoding="utf-8")
        shutil.rmtree(directory, ignore_errors=True)
        target.rename(directory)


def download_wheel(version: str, directory: Path) -> Path:
    """The wheel generated from that version of the provider, 65 MB; pip's own cache spares a second download."""
    _pip("download", "--no-deps", "--dest", str(directory), f"cdktn-provider-google=={WHEELS[version]}")
    return next(directory.glob("*.whl"))


def _pip(*arguments: str) -> None:
    command = [interpreter(), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        words = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise SetupError(
            f"pip could not get what checks of Terraform for Google Cloud need: {words}\n"
            "See to the package index or the network; to check it: "
            f"{' '.join(command[:3])} download --no-deps -d /tmp tf"
        )
