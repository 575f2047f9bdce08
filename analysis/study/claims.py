"""Each claim of the study, judged by our records: reproduced, not reproduced, cannot tell, or not comparable here.

A claim can only be judged under its conditions: on Google Cloud, on the study's 3,670 images, on its shapes, with at least
:data:`analysis.statistics.intervals.MIN_REPEATS` leases. Where one is missing it is named, and what was measured instead is said
with whether it points the same way. Nothing is judged by a median alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analysis.errors import NoRecordsError
from analysis.records.runs import Runs, load
from analysis.statistics.intervals import MIN_REPEATS
from analysis.study import claim_speed, claim_training, seed
from analysis.study.claim_measure import ClaimMeasure
from analysis.study.regression import Regression, regressions

ClaimStatus = Literal["reproduced", "not reproduced", "not comparable here", "cannot tell"]


@dataclass(frozen=True)
class Finding:
    """One claim of the study and what our records say of it."""

    claim: str
    text: str
    part: str
    outcome: ClaimStatus
    measured: str  # what we measured, with its interval; empty: nothing that comes near
    missing: tuple[str, ...]  # conditions of the claim that do not hold here
    agrees: bool | None  # whether what was measured points the claim's way; None: it cannot tell
    why: str


MEASURES: dict[str, Callable[[Runs, list[Regression]], ClaimMeasure]] = {
    "tfrecord_70x": claim_speed.tfrecord_ratio,
    "slopes_by_format": claim_speed.slopes,
    "image_slows_at_largest_batch": claim_speed.largest_batch,
    "caching_25_to_10_min": claim_speed.caching_time,
    "caching_evens_cpu": claim_speed.caching_cpu,
    "same_time_4x2_1x8": claim_speed.same_time,
    "larger_batches_lower_mirrored": claim_training.mirrored_accuracy,
    "mirrored_faster": claim_training.mirrored_time,
    "multiworker_fails": claim_training.multi_worker,
}


def findings(runs: Runs, regressions: list[Regression]) -> list[Finding]:
    """One finding per claim of :data:`analysis.study.seed.CLAIMS`, in its order; none where no record bears on any of them."""
    found = [_finding(claim, MEASURES[claim.name](runs, regressions), runs) for claim in seed.CLAIMS]
    return found if any(finding.measured for finding in found) else []


def fill_from_other_parts(found: list[Finding], runs_dir: Path, experiment: str) -> list[Finding]:
    """The findings, those without a measurement here from the experiment of the claim's part, or with its name.

    So that the pages of the study's experiments each show the whole study, as far as it has been measured.
    """
    loaded: dict[str, tuple[Runs, list[Regression]] | None] = {}
    whole = []
    claims = {claim.name: claim for claim in seed.CLAIMS}
    for finding in found:
        claim = claims[finding.claim]
        name = f"seed-{claim.part}"
        if not finding.measured and name != experiment:
            if name not in loaded:
                loaded[name] = _loaded(runs_dir, name)
            of = loaded[name]
            there = _finding(claim, MEASURES[claim.name](*of), of[0]) if of else finding
            if there.measured:
                finding = dataclasses.replace(there, measured=f"In {name}: {there.measured}")
            else:
                finding = dataclasses.replace(finding, why=f"{finding.why} Experiment {name} measures it.")
        whole.append(finding)
    return whole


def _loaded(runs_dir: Path, experiment: str) -> tuple[Runs, list[Regression]] | None:
    try:
        runs = load(runs_dir, experiment)
    except NoRecordsError:
        return None
    return runs, regressions(runs)


def _finding(claim: seed.Claim, measured: ClaimMeasure, runs: Runs) -> Finding:
    if not measured.said:
        return Finding(
            claim.name, claim.text, claim.part, "not comparable here", "", (measured.lacks,), None,
            f"Nothing here comes near it: {measured.lacks}.",
        )  # fmt: skip
    missing = (*conditions(runs, measured), *measured.missing)
    if missing:
        way = {True: "points the same way", False: "points the other way", None: "cannot tell"}[measured.agrees]
        why = f"The nearest that was measured {way}: {measured.why}"
        outcome: ClaimStatus = "not comparable here"
    elif measured.agrees is None:
        outcome, why = "cannot tell", f"Under the study's conditions, but neither shown nor refuted: {measured.why}"
    else:
        outcome, why = "reproduced" if measured.agrees else "not reproduced", measured.why
    return Finding(claim.name, claim.text, claim.part, outcome, measured.said, missing, measured.agrees, why)


def conditions(runs: Runs, measured: ClaimMeasure) -> list[str]:
    """Conditions common to all claims that the records behind a measurement do not meet."""
    records = [runs.records[run] for run in measured.runs]
    missing = []
    if any(r.target == "local" for r in records):
        missing.append("Google Cloud's machines, network and storage (these ran on one host)")
    if any("flowers" not in str(r.dataset.get("source", "")).lower() for r in records):
        missing.append("the Flowers photographs")
    sizes = sorted({str(r.dataset.get("images", "an unknown number of")) for r in records} - {str(seed.IMAGES)})
    if sizes:
        missing.append(f"{seed.IMAGES:,} images (here {', '.join(sizes)})")
    if measured.leases < MIN_REPEATS:
        missing.append(f"at least {MIN_REPEATS} leases (here {measured.leases})")
    return missing
