"""The targets there are: folders with a ``target.py`` that holds ``TARGET``, here and in ``$BAKEOFF_TARGETS``.

``BAKEOFF_TARGETS`` names folders of targets outside of this tree, separated as in PATH. Such a folder is loaded as a package:
its modules import each other as ``from .jobs import ...``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path

from infra.base.errors import UsageError, unknown_name
from infra.base.options import DEFAULT_TARGET
from infra.leases.lease import Lease
from infra.targets.base import Target

VARIABLE = "BAKEOFF_TARGETS"
HERE = Path(__file__).resolve().parent


def open_target(name: str) -> Target:
    """The target of that name. Raises UsageError for an unknown one; says which there are."""
    # A folder that is named like its target comes first, so that the others are not even imported.
    for folder in sorted(_folders(), key=lambda folder: folder.name != name):
        target = _load(folder)
        if target.name == name:
            return target
    raise unknown_name("target", name, names())


def target_of(lease: Lease) -> Target:
    """Where a lease runs. Raises UsageError if that target is not registered."""
    return open_target(lease.state.target)


def target_of_directory(directory: Path) -> Target:
    """The target of a lease whose lease.json cannot be read: told by the folder of its Terraform root."""
    known = next(iter(sorted(directory.glob("terraform/targets/*"))), None)
    return open_target(known.name if known else DEFAULT_TARGET)


def names() -> list[str]:
    """Names of all registered targets, in the order of their folders."""
    return [_load(folder).name for folder in _folders()]


def _folders() -> list[Path]:
    own = sorted(path.parent for path in HERE.glob("*/target.py"))
    given = [Path(word) for word in os.environ.get(VARIABLE, "").split(os.pathsep) if word]
    return [*own, *given]


@cache
def _load(folder: Path) -> Target:
    if folder.parent == HERE:
        module = importlib.import_module(f"infra.targets.{folder.name}.target")
    else:
        name = f"bakeoff_target_{folder.name}"
        path = folder / "target.py"
        spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(folder)])
        if spec is None or spec.loader is None or not path.is_file():
            raise UsageError(f"{VARIABLE} names {folder}, and there is no target.py in it.")
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    found = getattr(module, "TARGET", None)
    if not isinstance(found, Target):
        raise UsageError(f"{folder / 'target.py'} must hold TARGET, an instance of infra.targets.base.Target.")
    return found
