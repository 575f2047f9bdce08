"""Limits of what records mean: isolation, disk probes, sampling, rejected items, and runs that did not end well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.measures import metrics
from analysis.records.runs import Runs
from workloads.record import RunRecord

PROBE_TOLERANCE = 0.15  # a probed disk rate within this share of the configured one counts as met
COVERAGE_FLOOR = 0.9  # a node with fewer of its expected samples is named


@dataclass(frozen=True)
class NotOk:
    """A record that did not end well: counted, and left out of every median."""

    run: str
    scenario: str
    workload: str
    status: str
    reason: str


@dataclass(frozen=True)
class Probe:
    """Cold-cache disk reads of one node of one lease: probed and configured, MB/s and operations/s."""

    lease: str
    scenario: str
    node: str
    configured_mb_s: float | None
    probed_mb_s: float | None
    configured_iops: float | None
    probed_iops: float | None

    @property
    def within(self) -> bool | None:
        """Whether every probed rate is within the tolerance; None where nothing can be compared."""
        pairs = ((self.probed_mb_s, self.configured_mb_s), (self.probed_iops, self.configured_iops))
        known = [abs(p / c - 1) <= PROBE_TOLERANCE for p, c in pairs if p is not None and c]
        return all(known) if known else None


@dataclass(frozen=True)
class Isolated:
    """Isolation of a scenario's nodes, and the number of records that have it."""

    scenario: str
    records: int
    mode: str
    cpu: str | None
    memory: str | None
    network: str | None
    disk: str | None


@dataclass(frozen=True)
class Sampling:
    """Rows of the sampler for one node of one ok run that has too few of them."""

    run: str
    node: str
    found: int
    expected: int


@dataclass(frozen=True)
class Validity:
    """Everything that limits what the numbers mean."""

    not_ok: list[NotOk]
    isolation: list[Isolated]
    probes: list[Probe]
    undersampled: list[Sampling]
    nodes_sampled: int  # pairs of ok run and node that were checked
    rejected: dict[str, int]  # reason -> items, over all ok records
    rejected_examples: list[str]
    differences: list[str]  # conditions that are not the same in all ok records; one sentence each


def validity(runs: Runs) -> Validity:
    """Check all loaded records."""
    ok = set(runs.ok["run"])
    rows = metrics.sampler_rows(runs)
    rows = rows[rows["run"].isin(list(ok)) & (rows["expected"] > 0)]
    few = rows[rows["found"] < COVERAGE_FLOOR * rows["expected"]]
    rejected: dict[str, int] = {}
    examples: dict[str, str] = {}
    for run, summary in runs.summaries.items():
        if run in ok:
            for item in summary.rejected:
                rejected[item.reason] = rejected.get(item.reason, 0) + 1
                examples.setdefault(item.reason, f"{item.name}: {item.reason}")
    return Validity(
        not_ok=[
            NotOk(run, r.scenario.name, r.workload, str(r.status), r.reason or "no reason recorded")
            for run, r in runs.records.items()
            if run not in ok
        ],
        isolation=_isolation(runs),
        probes=_probes(runs),
        undersampled=[
            Sampling(str(run), str(node), int(found), int(expected))
            for run, node, found, expected in zip(few["run"], few["node"], few["found"], few["expected"], strict=True)
        ],
        nodes_sampled=len(rows),
        rejected=dict(sorted(rejected.items())),
        rejected_examples=[examples[reason] for reason in sorted(examples)],
        differences=differences(runs.records[run] for run in sorted(ok)),
    )


def lacking_isolation(records: Sequence[RunRecord]) -> str:
    """Why these records carry no verdict between shapes, in words; empty where each has complete isolation."""
    incomplete = [record for record in records if not record.isolation.complete]
    if not incomplete:
        return ""
    reasons = dict.fromkeys(text for record in incomplete for text in record.isolation.missing)
    which = "The one record lacks" if len(records) == 1 else f"{len(incomplete)} of {len(records)} records lack"
    return (
        f"{which} complete isolation, so nodes could use more than their shape has, or disturb each other. "
        f"{' '.join(map(_short, reasons)) or 'The records do not say what was missing.'}"
    )


def _short(reason: str) -> str:
    """A reason that lists nodes, with the first of them only; all are under what was missing."""
    first, *others = reason.split("; ")
    if len(others) < 2:
        return reason
    *_, cure = others[-1].rpartition(". Cure: ")
    return f"{first}; and {len(others)} more like it." + (f" Cure: {cure}" if cure != others[-1] else "")


def differences(records: Iterable[RunRecord], *, revisions: bool = True) -> list[str]:
    """Conditions that differ between records, so that their numbers do not compare as they stand.

    Args:
        revisions: whether different revisions of the project are among them; not where they are what is compared.
    """
    ok = list(records)
    found: list[str] = []
    shares = sorted({r.local_cores_per_vcpu for r in ok}, key=lambda s: -1.0 if s is None else s)
    if len(shares) > 1:
        found.append(
            "The share of a host core that stands for one vCPU differs: "
            + ", ".join("none" if s is None else f"{s:g}" for s in shares)
            + " host cores per vCPU."
        )
    targets = sorted({r.target for r in ok})
    if len(targets) > 1:
        found.append(f"The records come from different targets: {', '.join(targets)}.")
    data = {tuple(sorted((k, str(v)) for k, v in r.dataset.items())) for r in ok}
    if len(data) > 1:
        found.append(f"The records read {len(data)} different data sets.")
    known = sorted({(r.git_revision or "not recorded")[:12] for r in ok})
    if revisions and len(known) > 1:
        found.append(f"The records come from different revisions of the project: {', '.join(known)}.")
    return found


def _isolation(runs: Runs) -> list[Isolated]:
    counts: dict[tuple[str, str, str | None, str | None, str | None, str | None], int] = {}
    for record in runs.records.values():
        i = record.isolation
        key = (record.scenario.name, i.mode, i.cpu, i.memory, i.network, i.disk)
        counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: tuple(str(part) for part in item[0]))
    return [Isolated(key[0], count, *key[1:]) for key, count in ordered]


def _probes(runs: Runs) -> list[Probe]:
    probes: dict[tuple[str, str], Probe] = {}
    for record in runs.records.values():
        for n in record.nodes:
            if n.probed_disk_read_mb_s is None and n.probed_disk_read_iops is None:
                continue
            probes[record.lease, n.node] = Probe(
                lease=record.lease,
                scenario=record.scenario.name,
                node=n.node,
                configured_mb_s=n.actual_disk_read_mb_s,
                probed_mb_s=n.probed_disk_read_mb_s,
                configured_iops=n.actual_disk_read_iops,
                probed_iops=n.probed_disk_read_iops,
            )
    return sorted(probes.values(), key=lambda p: (p.scenario, p.lease, p.node))
