"""Cost of runs and leases, by the best source that all of them have: bill, measurement or list price.

- billed: ``billed.json`` of the lease, once it is complete and in US dollars; a run has the part of it that its own
  seconds from submission to end are of the lease's life (``teardown.json``);
- measured: the real seconds of the machines at list prices (:class:`workloads.record.RunCost`, and of the lease
  ``Teardown.measured_usd``);
- list price: price of the shape times the workload's own time, for a lease times all recorded stages.

The sources mean different things, so they are never mixed: a source that one record lacks is used for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from workloads.record import Billed, RunRecord, Status, Teardown

Source = Literal["billed", "measured", "list price"]

MEANS: dict[Source, str] = {
    "billed": "billed: a run's part of the bill of its lease, by its seconds from submission to end",
    "measured": "measured: the machines' real seconds from submission to end at list prices, as not every run is billed yet",
    "list price": "the list price of the shape, master included, times the run time",
}


class Paid(NamedTuple):
    """USD by run and by lease; a lease is absent where only its stages tell (see :mod:`analysis.measures.cost`)."""

    source: Source
    runs: dict[str, float | None]
    leases: dict[str, float]

    @property
    def text(self) -> str:
        return MEANS[self.source]


def cost_records(records: Mapping[str, RunRecord], teardowns: Sequence[Teardown], bills: Mapping[str, Billed]) -> Paid:
    """Cost of every record, of one source.

    Args:
        records: by run.
        teardowns: at most one per lease.
        bills: by lease.
    """
    proofs = {proof.lease: proof for proof in teardowns}
    ok = [run for run, record in records.items() if record.status is Status.OK]
    leases = {record.lease for record in records.values()}
    billed = {
        run: _billed(record, proofs.get(record.lease), bills.get(record.lease)) for run, record in records.items()
    }
    if ok and all(billed[run] is not None for run in ok):
        return Paid("billed", billed, {lease: bills[lease].total for lease in leases if _final(bills.get(lease))})
    measured = {run: r.cost.measured.total_usd if r.cost and r.cost.measured else None for run, r in records.items()}
    if ok and all(measured[run] is not None for run in ok):
        whole = {
            lease: usd for lease in leases if (proof := proofs.get(lease)) and (usd := proof.measured_usd) is not None
        }
        return Paid("measured", measured, whole if len(whole) == len(leases) else {})
    return Paid("list price", {run: record.cost_usd for run, record in records.items()}, {})


def _final(bill: Billed | None) -> bool:
    return bill is not None and bill.complete and bill.currency == "USD"


def _billed(record: RunRecord, proof: Teardown | None, bill: Billed | None) -> float | None:
    if bill is None or not _final(bill) or proof is None or not proof.lived_s:
        return None
    of_attempt = record.cost.measured.seconds if record.cost and record.cost.measured else record.stages.run_s
    return None if of_attempt is None else bill.total * min(1.0, of_attempt / proof.lived_s)
