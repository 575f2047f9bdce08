"""The costs of an experiment's leases: estimated, measured and, where a billing export table is named, billed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from infra.base.errors import RecordError, UsageError
from infra.catalogue.pricing import Cost, Line, cluster_cost, cost
from infra.records.reader import read_record
from infra.targets.google import lives
from infra.targets.google.billing import Bill, billed
from infra.targets.google.clients import Clients
from infra.targets.google.cost import Comparison, notes, reconcile
from workloads.record import Billed, RunRecord, Scenario, Teardown


@dataclass(frozen=True)
class LeaseCosts:
    """One lease: a row per item, and what a reader must know of it."""

    lease: str
    scenario: str
    region: str
    lived_s: float
    rows: tuple[Comparison, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Plain values; each row by the names of its columns."""
        return {**asdict(self), "rows": [row._asdict() for row in self.rows]}


def costs(
    runs_dir: Path, experiment: str, *, table: str | None, clients: Clients | None, now: datetime
) -> tuple[list[LeaseCosts], list[str]]:
    """Every lease of an experiment that ran on Google Cloud and is gone; a bill is kept as ``billed.json``.

    Args:
        table: billing export table, ``project.dataset.table``; None: no bill is asked for.
        clients: to ask for the bill; not used without a table.

    Returns:
        The leases in the order of their first records, and one sentence for each lease that cannot be told.

    Raises:
        UsageError: the experiment has no record of Google Cloud, or a price is not known.
        RecordError: a record is damaged, or of a newer schema.
        CloudError: the bill cannot be read.
    """
    records = _records(runs_dir / experiment)
    if not records:
        raise UsageError(f"No record of '{experiment}' in {runs_dir} was made on Google Cloud: nothing was to be paid.")
    found, untold = [], []
    for lease, paths in _by_lease(records).items():
        run = records[paths[0]]
        proof = _proof(paths)
        if proof is None or proof.lived_s is None or run.region is None:
            untold.append(
                f"Lease {lease} ({run.scenario.name}) has no proof of teardown beside its records: it may still stand."
            )
            continue
        bill = None
        if table and clients:
            end = datetime.fromisoformat(proof.destroyed_at)
            bill = billed(clients, table, lease, end - timedelta(seconds=proof.lived_s), end, now)
            _keep(bill, table, paths, now)
        by_job = run.cost is not None and run.cost.estimate.vertex_usd > 0  # machines came and went with each job
        if by_job and proof.measured_usd is None:
            untold.append(f"Lease {lease} ({run.scenario.name}) was not measured: {' '.join(proof.missing)}")
            continue
        measured, said = _jobs_cost(proof) if by_job else _machines_cost(proof, run.scenario, run.region)
        rows = reconcile(proof.estimated_usd, measured, bill)
        found.append(
            LeaseCosts(lease, run.scenario.name, run.region, proof.lived_s, tuple(rows), (*notes(bill), *said))
        )
    return found, untold


def _machines_cost(proof: Teardown, scenario: Scenario, region: str) -> tuple[Cost, list[str]]:
    """A cluster: each machine's own life, where it was observed."""
    if not proof.machines:
        whole = cluster_cost(scenario, region, proof.lived_s or 0.0)
        return whole, proof.missing or [f"Measured is {lives.WHOLE_LIFE}: none was observed."]
    ended_at = datetime.fromisoformat(proof.destroyed_at).timestamp()
    return cost(lives.machines(proof.machines, scenario, ended_at), region), proof.missing


def _jobs_cost(proof: Teardown) -> tuple[Cost, list[str]]:
    """Training jobs: their sum, as it was found at the end of the lease."""
    line = Line("vertex ai", "", "", proof.lived_s or 0.0, 0.0, "", proof.measured_usd or 0.0)
    return Cost((line,), ""), proof.missing


def _records(folder: Path) -> dict[Path, RunRecord]:
    records = {}
    for path in sorted(folder.glob("*/run.json")):
        run = read_record(path.parent)
        if run.region is not None:
            records[path.parent] = run
    return dict(sorted(records.items(), key=lambda item: item[1].started_at))


def _by_lease(records: dict[Path, RunRecord]) -> dict[str, list[Path]]:
    leases: dict[str, list[Path]] = {}
    for path, run in records.items():
        leases.setdefault(run.lease, []).append(path)
    return leases


def _proof(paths: list[Path]) -> Teardown | None:
    for path in paths:
        file = path / "teardown.json"
        if file.is_file():
            try:
                return Teardown.model_validate_json(file.read_text(encoding="utf-8"))
            except ValueError as error:
                raise RecordError(f"{file} is damaged: {error}") from error
    return None


def _keep(bill: Bill, table: str, paths: list[Path], now: datetime) -> None:
    if bill.currency is None or bill.total is None:
        return  # nothing has arrived yet, which is not a bill of zero
    by_sku: dict[str, float] = {}
    for row in bill.rows:
        by_sku[row.sku] = by_sku.get(row.sku, 0.0) + row.cost + row.credits
    kept = Billed(
        lease=bill.lease,
        table=table,
        queried_at=now.isoformat(),
        complete=bill.complete,
        currency=bill.currency,
        total=bill.total,
        by_sku=by_sku,
    )
    for path in paths:
        part = path / ".billed.json.part"
        part.write_text(kept.model_dump_json(indent=1) + "\n", encoding="utf-8")
        part.replace(path / "billed.json")
