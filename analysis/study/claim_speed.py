"""Our measurements for the study's claims on reading, caching and shapes: number, interval, and which way it points."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.compare.difference import difference
from analysis.measures import metrics, utilisation
from analysis.measures.formats import number, percent, quantity
from analysis.measures.grid import observations
from analysis.measures.units import units_of, values_of
from analysis.records.runs import Runs
from analysis.statistics.intervals import interval_of
from analysis.study import seed
from analysis.study.claim_measure import ClaimMeasure, mean_difference, on_side, ratio, run_names, runs_of, spread
from analysis.study.regression import Regression
from analysis.study.tables import phase_of

SAME = 1.10  # ratio within which two times count as the same
ABOUT = 1.5  # factor within which a number that the study gives as "about" counts as met
ALPHA = 0.05


def tfrecord_ratio(runs: Runs, _: list[Regression]) -> ClaimMeasure:
    """Throughput from TFRecords over that from image files: within each run, then over leases."""
    rates = metrics.throughput(runs)
    rates = rates[(rates["operation"] == "read") & rates["images_per_s"].notna()]
    wide = rates.pivot_table(index=["run", "source", "cache"], columns="format", values="images_per_s", dropna=False,
                             observed=True).reset_index()  # fmt: skip
    if not {"image", "tfrecord"} <= set(wide.columns):
        return ClaimMeasure(lacks="no run read both formats")
    wide = wide[wide["image"].notna() & wide["tfrecord"].notna()]
    source = next((s for s in ("bucket", "staged") if (wide["source"] == s).any()), None)
    if source is None:
        return ClaimMeasure(lacks="no run read both formats from the same place")
    wide = wide[wide["source"] == source]
    ratios = (wide["tfrecord"].astype(float) / wide["image"].astype(float)).map(math.log)
    lease = wide["run"].map(runs.ok.set_index("run")["lease"])
    found = interval_of([math.exp(v) for v in ratios.groupby(lease).mean()])
    assert found is not None
    about = seed.TFRECORD_TO_IMAGE_RATIO
    agrees = None
    if found.low is not None and found.high is not None:
        met = found.low <= about * ABOUT and found.high >= about / ABOUT
        agrees = met if about / ABOUT <= found.median <= about * ABOUT or not met else None
    return ClaimMeasure(
        spread(found, number, f"times, from the {source}"), agrees,
        f"about {about:g} means {about / ABOUT:.0f} to {about * ABOUT:.0f}; a rate is all images of a run over all its seconds.",
        tuple(wide["run"].astype(str).unique()), found.n,
        () if source == "bucket" else ("reads from cloud storage (these were from the node's disk)",),
    )  # fmt: skip


def slopes(runs: Runs, found: list[Regression]) -> ClaimMeasure:
    """Signs of the slopes on one parameter alone, TFRecord and image files."""
    said, whole, refuted = [], [], False
    for kind, sign in (("tfrecord", 1), ("image", -1)):
        fits = [fit.slope for one in found if one.operation == "read" and one.format == kind for fit in one.parameters]
        if not fits:
            return ClaimMeasure(lacks=f"no regression of reads of {kind} files: at least two values of a parameter")
        clear = [f for f in fits if f.low is not None and f.high is not None and (f.low > 0 or f.high < 0)]
        right = [f for f in clear if f.value * sign > 0]
        said.append(
            f"{kind}: {len(right)} of {len(fits)} slopes clearly {'positive' if sign > 0 else 'negative'}, "
            f"{len(clear) - len(right)} clearly the other way"
        )
        whole.append(len(right) == len(fits))
        refuted = refuted or len(clear) - len(right) > len(right)
    agrees = True if all(whole) else False if refuted else None
    reads = [one for one in found if one.operation == "read"]
    return ClaimMeasure(
        "; ".join(said), agrees, "a slope is clear where its 95 % interval leaves out zero; where more "
        "are clearly the other way than the claim's, it is not borne out.",
        runs_of(runs, {one.workload for one in reads}), min(one.leases for one in reads),
    )  # fmt: skip


def largest_batch(runs: Runs, _: list[Regression]) -> ClaimMeasure:
    """Image files at the largest batch size against the next smaller one, over leases."""
    rows = observations(runs)
    rows = rows[(rows["operation"] == "read") & (rows["format"] == "image")]
    sizes = sorted(rows["batch_size"].unique())
    if len(sizes) < 3:
        return ClaimMeasure(lacks="no run read image files at three batch sizes")
    means = rows.groupby(["lease", "batch_size"])["images_per_s"].mean().unstack()
    ratios = (means[sizes[-1]] / means[sizes[-2]]).dropna()
    found = interval_of(ratios.tolist())
    if found is None:
        return ClaimMeasure(lacks="no lease read image files at both of the largest batch sizes")
    return ClaimMeasure(
        spread(found, number, f"times at batch {sizes[-1]:g} what it was at {sizes[-2]:g}"),
        on_side(found.low, found.high, below=True),
        "below 1 it slows down.", tuple(rows["run"].astype(str).unique()), found.n,
        () if sizes[-1] >= 256 else (f"a batch as large as the study's (here {sizes[-1]:g})",),
    )  # fmt: skip


def caching_time(runs: Runs, _: list[Regression]) -> ClaimMeasure:
    """Run time of the speed tests with caching and partitioning over that without."""
    sides = _phases(runs, values_of(runs, "run_s"))
    if sides is None:
        return ClaimMeasure(lacks="no shape ran the speed tests both with caching and partitioning and without")
    scenario, before, after = sides
    a, b = units_of(before, "run_s"), units_of(after, "run_s")
    found = difference(a, b)
    target = seed.SPEED_TESTS_AFTER_S / seed.SPEED_TESTS_BEFORE_S
    medians = f"{quantity(float(a.values.median()), 's')} to {quantity(float(b.values.median()), 's')}"
    return ClaimMeasure(
        f"{medians} on {scenario}: {ratio(found.ratio, found.low, found.high)}",
        on_side(found.low, found.high, below=True),
        f"the study's ratio is {target:g}; it points the same way where the time clearly falls. "
        "Times are geometric means of the repeats on a lease.",
        run_names(before, after), min(a.count, b.count), _eight_tiny(runs, scenario),
    )  # fmt: skip


def caching_cpu(runs: Runs, _: list[Regression]) -> ClaimMeasure:
    """Average CPU of the cluster and its unevenness over the workers, before and after."""
    used = utilisation.by_run(runs).merge(runs.ok[["run", "lease", "scenario", "workload"]], on="run")
    sides = _phases(runs, used)
    if sides is None or sides[1]["cpu_used_ratio"].isna().all() or sides[2]["cpu_used_ratio"].isna().all():
        return ClaimMeasure(lacks="no shape has CPU samples of the speed tests in both forms")
    scenario, before, after = sides
    cpu, uneven = (
        [side.groupby("lease")[name].mean().astype(float).dropna() for side in (before, after)]
        for name in ("cpu_used_ratio", "cpu_variation")
    )
    more = mean_difference(cpu[0], cpu[1])
    said = f"average CPU {percent(cpu[0].median())} to {percent(cpu[1].median())}"
    evens: bool | None = None
    if len(uneven[0]) and len(uneven[1]):
        said += f"; variation over the workers {number(uneven[0].median())} to {number(uneven[1].median())}"
        change = mean_difference(uneven[0], uneven[1])
        evens = on_side(change.low, change.high, below=True, zero=0.0)
    rises = on_side(more.low, more.high, below=False, zero=0.0)
    agrees = False if False in (rises, evens) else True if rises and evens else None
    return ClaimMeasure(
        f"{said}, on {scenario}", agrees, "both must clearly change: the average up, the variation down.",
        run_names(before, after), min(len(cpu[0]), len(cpu[1])), _eight_tiny(runs, scenario),
    )  # fmt: skip


def same_time(runs: Runs, _: list[Regression]) -> ClaimMeasure:
    """Writing TFRecords on four machines of 2 vCPU against one of 8."""
    rows = values_of(runs, "run_s")
    rows = rows[rows["workload"] == "write_tfrecords"]
    four, one = (rows[np.array([_is_shape(runs, run, *size) for run in rows["run"]], dtype=bool)]
                 for size in ((4, 2), (0, 8)))  # fmt: skip
    pairs = []
    for _key, b in one.groupby(["variant", "scenario"], sort=True):
        disk = runs.records[str(b["run"].iloc[0])].scenario.disk_type
        disks = np.array([runs.records[str(run)].scenario.disk_type == disk for run in four["run"]], dtype=bool)
        same = four[(four["variant"] == b["variant"].iloc[0]).to_numpy(bool) & disks]
        if len(same):
            pairs.append((same, b))
    if not pairs:
        return ClaimMeasure(lacks="no write_tfrecords on both 4 machines of 2 vCPU and 1 of 8, with the same disks")
    a, b = pairs[0]
    units = units_of(a, "run_s"), units_of(b, "run_s")
    found = difference(*units)
    agrees: bool | None = None
    if found.low is not None and found.high is not None:
        if found.low >= 1 / SAME and found.high <= SAME:
            agrees = True
        elif found.low > SAME or found.high < 1 / SAME or (found.p_value or 1) < ALPHA:
            agrees = False
    return ClaimMeasure(
        f"1x8 takes {ratio(found.ratio, found.low, found.high)} of 4x2", agrees,
        f"the same means that the whole interval lies within {1 / SAME:.2f} to {SAME:.2f}.", run_names(a, b),
        min(u.count for u in units),
    )  # fmt: skip


def _phases(runs: Runs, rows: pd.DataFrame) -> tuple[str, pd.DataFrame, pd.DataFrame] | None:
    """A shape with rows of the speed tests in both forms, the one with most leases, and these rows."""
    rows = rows.assign(phase=[phase_of(runs.records[str(run)].configuration) for run in rows["run"]])
    best = None
    for scenario, of in rows[rows["phase"] != ""].groupby("scenario", sort=True):
        sides = of[of["phase"] == "before"], of[of["phase"] == "after"]
        if len(sides[0]) and len(sides[1]):
            leases = min(side["lease"].nunique() for side in sides)
            if best is None or leases > best[0]:
                best = (leases, str(scenario), *sides)
    return None if best is None else best[1:]


def _eight_tiny(runs: Runs, scenario: str) -> tuple[str, ...]:
    """The shape of parts 2b to 2d, where the records are of another."""
    shape = next(r.scenario for r in runs.records.values() if r.scenario.name == scenario)
    same = shape.workers == 8 and shape.machine_type.endswith("-1")
    return () if same else (f"8 nodes of 1 vCPU (here {scenario})",)


def _is_shape(runs: Runs, run: object, workers: int, vcpus: int) -> bool:
    record = runs.records[str(run)]
    machine = record.scenario.machine_type if workers else record.scenario.master_machine_type
    return record.scenario.workers == workers and machine.rsplit("-", 1)[-1] == str(vcpus)
