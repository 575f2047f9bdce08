"""Experiments as files: TOML in ``infra/experiments/``, and their table ``[full]``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from infra.base.errors import UsageError, unknown_name
from infra.base.paths import EXPERIMENTS_DIR
from infra.inputs.experiment import Experiment, check, explain


def find_experiment(name_or_path: str) -> Path:
    """A path, or the name of a file in ``infra/experiments/``."""
    path = Path(name_or_path)
    if path.suffix == ".toml" or path.exists():
        if not path.is_file():
            raise UsageError(f"No experiment file '{path}'. Give a .toml file, or one of: {_known()}.")
        return path
    named = EXPERIMENTS_DIR / f"{name_or_path}.toml"
    if not named.is_file():
        raise unknown_name("experiment", name_or_path, (p.stem for p in EXPERIMENTS_DIR.glob("*.toml")))
    return named


def _known() -> str:
    return ", ".join(sorted(p.stem for p in EXPERIMENTS_DIR.glob("*.toml")))


def load_experiment(path: Path) -> Experiment:
    """Read and validate an experiment file.

    Raises:
        UsageError: not TOML, or a rule is broken; the message names the field, the rule and the value.
    """
    try:
        experiment = Experiment.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error)}") from error
    # A script's path is meant from the folder of the file that names it.
    resolved = [
        w.model_copy(update={"script": str((path.parent / w.script).resolve())}) if w.script else w
        for w in experiment.workloads
    ]
    experiment = experiment.model_copy(update={"workloads": resolved})
    check(experiment)
    return experiment


def at_full_size(experiment: Experiment) -> Experiment:
    """The experiment with its table ``[full]`` in force. Its records are other cells than the laptop's.

    Raises:
        UsageError: it has no such table, or a setting in it breaks a rule.
    """
    full = experiment.full
    if full is None:
        raise UsageError(
            f"Experiment '{experiment.name}' has no table [full], so --full changes nothing. Leave it out."
        )
    changed = full.model_dump(include={"scenarios", "repeats", "repeat_level", "timeout_s"}, exclude_none=True)
    workloads = [
        w.model_copy(
            update={
                "config": {**w.config, **full.config},
                "grid": {name: full.grid.get(name, values) for name, values in w.grid.items()},
            }
        )
        for w in experiment.workloads
    ]
    larger = experiment.model_copy(update={**changed, "data": full.data or experiment.data, "workloads": workloads})
    check(larger)
    return larger
