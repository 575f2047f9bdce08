"""A space: the candidate shapes that a search may choose from, ``infra/spaces/<name>.toml``."""

from __future__ import annotations

import itertools
import tomllib
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.base.errors import UsageError, unknown_name
from infra.base.paths import SPACES_DIR
from infra.inputs.experiment import explain
from infra.inputs.scenario import problems
from workloads.record import Scenario


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Grid(_Strict):
    """Shapes that differ in every combination of these values."""

    workers: list[int] = Field(min_length=1)
    machine_type: list[str] = Field(min_length=1)
    master_machine_type: list[str] = []  # empty: that of the workers
    disk_type: list[str] = Field(min_length=1)
    disk_gb: list[int] = Field(min_length=1)

    def shapes(self) -> list[Scenario]:
        """One scenario per combination; its name says what it is."""
        return [
            Scenario(
                name=_name(workers, machine, master or machine, disk, gb),
                workers=workers,
                machine_type=machine,
                master_machine_type=master or machine,
                disk_type=disk,
                disk_gb=gb,
            )
            for workers, machine, master, disk, gb in itertools.product(
                self.workers, self.machine_type, self.master_machine_type or [""], self.disk_type, self.disk_gb
            )
        ]


class Space(_Strict):
    """A validated space file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    grid: list[Grid] = Field(min_length=1)

    def shapes(self) -> list[Scenario]:
        """All candidate shapes, in the order of the file.

        Raises:
            UsageError: a shape breaks a rule of scenarios, or is there twice.
        """
        found = [shape for grid in self.grid for shape in grid.shapes()]
        for shape in found:
            if broken := problems(shape):
                raise UsageError(f"Space '{self.name}', shape {shape.name}: {' '.join(broken)}")
        if twice := [name for name, count in Counter(shape.name for shape in found).items() if count > 1]:
            raise UsageError(f"Space '{self.name}' must have each shape once; {twice[0]} is there more than once.")
        return found


def load_space(name_or_path: str) -> Space:
    """Read a space: a path, or the name of a file in ``infra/spaces/``.

    Raises:
        UsageError: there is none, it is not TOML, or a rule is broken; the message names the field and the value.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = SPACES_DIR / f"{name_or_path}.toml"
        if not path.is_file():
            raise unknown_name("space", name_or_path, (p.stem for p in SPACES_DIR.glob("*.toml")))
    if not path.is_file():
        raise UsageError(
            f"No space file '{path}'. Known: {', '.join(sorted(p.stem for p in SPACES_DIR.glob('*.toml')))}."
        )
    try:
        return Space.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error)}") from error


def _name(workers: int, machine: str, master: str, disk: str, gb: int) -> str:
    """Short enough for a scenario's name (40 characters), and tells all shapes of a space apart."""
    short = disk.removeprefix("pd-").replace("standard", "hdd").replace("balanced", "bal")
    led = f"-m-{master.removeprefix('n1-')}" if master != machine else ""
    return (
        f"n{workers}-{machine}{led}-{short}-{gb}".replace("standard", "std")
        .replace("highmem", "mem")
        .replace("highcpu", "cpu")
    )
