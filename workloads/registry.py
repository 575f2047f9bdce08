"""The workloads there are: folders with a ``workload.py`` that holds ``WORKLOAD``, here and in ``$BAKEOFF_WORKLOADS``.

``BAKEOFF_WORKLOADS`` names folders of workloads outside of this tree, separated as in PATH. Such a folder is imported, and
shipped to clusters, as if it lay here: ``/home/me/toy`` is ``workloads.toy``.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import workloads
from workloads.errors import ConfigError
from workloads.workload import Workload

VARIABLE = "BAKEOFF_WORKLOADS"
DESCRIPTION = "workload.py"
HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    """Names of all workloads, sorted."""
    return sorted(folder.name for folder in _folders())


def load(name: str) -> Workload:
    """The description of a workload.

    Raises:
        KeyError: there is none of that name.
        ConfigError: its ``workload.py`` cannot be imported, or holds no ``WORKLOAD``.
    """
    folder = {folder.name: folder for folder in _folders()}[name]
    try:
        found = getattr(import_module(f"workloads.{name}.workload"), "WORKLOAD", None)
    except Exception as error:  # anything may happen in a module of somebody else's
        raise ConfigError(f"{folder / DESCRIPTION} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(found, Workload):
        raise ConfigError(f"{folder / DESCRIPTION} must hold WORKLOAD, a workloads.workload.Workload")
    return found


def outside_folders() -> list[Path]:
    """The folders that ``$BAKEOFF_WORKLOADS`` names.

    Raises:
        ConfigError: one holds no ``workload.py``, or has a name that is taken or cannot be imported.
    """
    folders: list[Path] = []
    for word in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        folder = Path(word).expanduser().resolve()
        if not (folder / DESCRIPTION).is_file():
            raise ConfigError(f"{VARIABLE} names {folder}, and there is no {DESCRIPTION} in it")
        if not folder.name.isidentifier():
            raise ConfigError(f"{VARIABLE} names {folder}, whose name must be a Python identifier, as it is imported")
        if (
            (HERE / folder.name).exists()
            or (HERE / f"{folder.name}.py").exists()
            or folder.name in {other.name for other in folders}
        ):
            raise ConfigError(f"{VARIABLE} names {folder}, but workloads.{folder.name} is taken; rename the folder")
        folders.append(folder)
    return folders


def _folders() -> list[Path]:
    outside = outside_folders()
    for folder in outside:
        if str(folder.parent) not in workloads.__path__:
            workloads.__path__.append(str(folder.parent))
    return [*(path.parent for path in HERE.glob(f"*/{DESCRIPTION}")), *outside]
