"""The skeleton of every workload: config in, measurements out, exit code.

    python -m workloads.<name>.job --config C.json --out URI

``C.json`` is a file or a ``gs://`` object. Under URI (a folder or a ``gs://`` prefix) the job leaves
``measurements.jsonl``, rows of :data:`workloads.record.MEASUREMENT_COLUMNS`, and ``summary.json``, a
:class:`workloads.record.Summary`; both also when it failed, as far as it came. Exit code 0: done; 1: the job failed; 2:
the configuration is wrong.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from workloads.errors import ConfigError, InvalidRun, StorageError, WorkloadError
from workloads.record import MEASUREMENT_COLUMNS, Column, Fact, Model, Rejected, Summary
from workloads.record.columns import check_own, header_line
from workloads.storage import open_store, read_uri

Value = str | int | float | bool | None

MEASUREMENTS = "measurements.jsonl"
SUMMARY = "summary.json"
_COLUMNS = {column.name for column in MEASUREMENT_COLUMNS}


class WorkloadConfig(Model):
    """What every workload is told."""

    images_uri: str = Field(min_length=1, description="<prefix>/<class>/<name>: gs://bucket/prefix or a folder")
    output_uri: str = Field(min_length=1, description="where the product goes: gs://bucket/prefix or a folder")


@dataclass
class Accounts:
    """The accounts of a job: each item that went in came out, or is named here."""

    items_in: int
    items_out: int
    rejected: list[Rejected]
    bytes_read: int | None = None
    bytes_written: int | None = None
    notes: list[str] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    prepared_at: float | None = None  # unix s: when what had to be there first was there, and the work itself began


@dataclass
class Measurements:
    """The rows measured so far, and the columns that this workload has of its own."""

    columns: tuple[Column, ...] = ()
    rows: list[dict[str, Value]] = field(default_factory=list)

    def add(self, *, started_at: float, duration_s: float, images: int | None, **columns: Value) -> None:
        """One row; ``images_per_s`` follows from the rest."""
        row: dict[str, Value] = {"started_at": started_at, "duration_s": duration_s, "images": images, **columns}
        row["images_per_s"] = images / duration_s if images is not None and duration_s > 0 else None
        if unknown := set(row) - _COLUMNS - {column.name for column in self.columns}:
            raise ValueError(f"no such measurement column: {sorted(unknown)}")
        self.rows.append(row)


Config = TypeVar("Config", bound=WorkloadConfig)


def run_job(
    workload: str,
    config_type: type[Config],
    work: Callable[[Config, Measurements], Accounts],
    arguments: Sequence[str] | None = None,
    columns: Sequence[Column] = (),
) -> int:
    """Run a workload under the contract and return its exit code.

    Args:
        workload: its name.
        config_type: the model of its settings.
        work: does the work, adds measurements, returns the accounts.
        arguments: of the command line; None: those of this process.
        columns: of its measurements, besides those that all workloads share; the ``columns`` of its ``workload.py``.
    """
    parser = argparse.ArgumentParser(prog=f"workloads.{workload}.job", description=work.__doc__)
    parser.add_argument("--config", required=True, help="configuration, JSON: a file or a gs:// object")
    parser.add_argument("--out", required=True, help="folder or gs:// prefix for measurements.jsonl and summary.json")
    options = parser.parse_args(arguments)
    started_at = time.time()
    measurements = Measurements(check_own(columns))
    previous = signal.signal(signal.SIGTERM, _terminated)
    try:
        accounts = work(load_config(config_type, options.config), measurements)
        summary = _summary(workload, started_at, "ok", accounts, None)
        code = 0
    except ValidationError as error:
        code, summary = _failure(workload, started_at, 1, _sentence(error))  # the accounts do not add up
    except ConfigError as error:
        code, summary = _failure(workload, started_at, 2, str(error))
    except InvalidRun as error:
        code, summary = _failure(workload, started_at, 1, str(error), "invalid")
    except WorkloadError as error:
        code, summary = _failure(workload, started_at, 1, str(error))
    except (KeyboardInterrupt, SystemExit):
        code, summary = _failure(workload, started_at, 1, "interrupted before it was done")
    except Exception as error:  # whatever it was, the record has to say so
        traceback.print_exc()
        code, summary = _failure(workload, started_at, 1, f"{type(error).__name__}: {error}")
    finally:
        signal.signal(signal.SIGTERM, previous)
    try:
        store = open_store(options.out)
        header = header_line(measurements.columns) if measurements.columns else ""
        lines = header + "".join(json.dumps(row) + "\n" for row in measurements.rows)
        store.write(MEASUREMENTS, lines.encode())
        store.write(SUMMARY, summary.model_dump_json(indent=2).encode())
    except (StorageError, ConfigError) as error:
        print(f"error: {workload}: cannot write the results to {options.out}: {error}", file=sys.stderr)
        return code or 1
    return code


def load_config(config_type: type[Config], uri: str) -> Config:
    """Read and validate a configuration.

    Raises:
        ConfigError: it cannot be read, is no JSON object, or breaks a rule; names each field, the rule and the value.
    """
    try:
        return config_type.model_validate_json(read_uri(uri))
    except StorageError as error:
        raise ConfigError(f"cannot read the configuration {uri}: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"configuration {uri}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    parts = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"])
        received = "" if problem["type"] == "missing" or not place else f"; received {problem['input']!r}"
        parts.append(f"{place}: {problem['msg']}{received}" if place else problem["msg"])
    return " | ".join(parts)


def _summary(
    workload: str, started_at: float, status: Literal["ok", "failed", "invalid"], accounts: Accounts, error: str | None
) -> Summary:
    return Summary(
        workload=workload,
        status=status,
        error=error,
        items_in=accounts.items_in,
        items_out=accounts.items_out,
        items_rejected=len(accounts.rejected),
        rejected=accounts.rejected,
        bytes_read=accounts.bytes_read,
        bytes_written=accounts.bytes_written,
        started_at=accounts.prepared_at or started_at,
        ended_at=time.time(),
        notes=accounts.notes,
        facts=accounts.facts,
    )


def _failure(
    workload: str, started_at: float, code: int, error: str, status: Literal["failed", "invalid"] = "failed"
) -> tuple[int, Summary]:
    print(f"error: {workload}: {error}", file=sys.stderr)
    return code, _summary(workload, started_at, status, Accounts(0, 0, []), error)


def _terminated(*_: object) -> None:
    raise SystemExit(1)
