"""Files about a lease that are written after its records: proof of teardown and bill."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from analysis.records.damaged import Damaged, first_fault
from workloads.record import Billed, RunRecord, Teardown


def read_teardowns(runs_dir: Path, root: Path, leases: set[str]) -> tuple[list[Teardown], list[Damaged]]:
    """Proofs of teardown: beside the records, in a record, or with the lease. One file holds one proof or a list.

    Args:
        runs_dir: the directory of all experiments and leases.
        root: the directory of the experiment's records.
        leases: those whose proofs are wanted.
    """
    damaged: list[Damaged] = []
    paths = [*root.glob("teardown*.json"), *root.glob("*/teardown*.json")]
    paths += [p for lease in leases for p in (runs_dir / "leases" / lease).glob("teardown*.json")]
    found: dict[str, Teardown] = {}
    for path in sorted(set(paths)):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            for item in raw if isinstance(raw, list) else [raw]:
                teardown = Teardown.model_validate(item)
                if teardown.lease in leases:
                    found[teardown.lease] = teardown
        except ValidationError as error:
            damaged.append(Damaged(str(path.relative_to(runs_dir)), first_fault(error)))
        except (OSError, ValueError) as error:
            damaged.append(Damaged(str(path.relative_to(runs_dir)), f"is not readable JSON: {error}"))
    return [found[lease] for lease in sorted(found)], damaged


def read_bills(
    directories: Mapping[str, Path], records: Mapping[str, RunRecord]
) -> tuple[dict[str, Billed], list[Damaged]]:
    """The bill of each lease that one lies beside a record of; directories and records are by run."""
    damaged: list[Damaged] = []
    found: dict[str, Billed] = {}
    for run, directory in directories.items():
        try:
            found[records[run].lease] = Billed.model_validate_json((directory / "billed.json").read_bytes())
        except FileNotFoundError:  # there is none yet
            continue
        except ValidationError as error:
            damaged.append(Damaged(f"{run}/billed.json", f"is damaged: {error.errors()[0]['msg']}"))
        except OSError as error:
            damaged.append(Damaged(f"{run}/billed.json", str(error)))
    return found, damaged
