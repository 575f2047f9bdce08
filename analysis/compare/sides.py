"""Find what two names on the command line stand for, and compare it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analysis.compare.comparison import Comparison, compare_scenarios, compare_sets, compare_variants
from analysis.compare.difference import MIN_EFFECT
from analysis.errors import AnalysisError
from analysis.records.damaged import Damaged
from analysis.records.runs import load, newest_experiment

UNDECIDED = ("too_noisy", "too_few", "no_isolation", "not_comparable")


@dataclass(frozen=True)
class Compared:
    """B against A, in every workload, variant and kind of measurement that both have."""

    a: str
    b: str
    of: str  # what A and B are: "scenarios of <experiment>", "settings of <experiment>", or "sets of runs"
    comparisons: list[Comparison]
    damaged: list[Damaged]  # records that could not be read, and are in no comparison

    @property
    def worse(self) -> bool:
        """Whether B is worse than A anywhere."""
        return any(c.verdict == "worse" for c in self.comparisons)

    @property
    def undecided(self) -> bool:
        """Whether the records could not say anywhere."""
        return any(c.verdict in UNDECIDED for c in self.comparisons)


def compare_named(
    runs_dir: Path,
    a: str,
    b: str,
    *,
    metric: str = "run_s",
    experiment: str | None = None,
    min_effect: float = MIN_EFFECT,
) -> Compared:
    """Compare two sets of runs where both names are experiments or folders of records, else two scenarios or settings.

    Settings are named as a report does (``batch_size=16, strategy="mirrored"``); quotation marks may be left out.

    Args:
        runs_dir: the directory of all experiments.
        a: the baseline; b: what is compared with it.
        experiment: whose scenarios or settings they are; None: the newest, unless both name sets of runs.

    Raises:
        AnalysisError: unknown names or metric, or nothing in common; the message says what there is.
    """
    if a == b:
        raise AnalysisError(f"A and B must differ; both are '{a}'.")
    folders = [_folder(runs_dir, name) for name in (a, b)]
    if experiment is None and folders[0] and folders[1]:
        sets = [load(folder.parent, folder.name) for folder in folders if folder]
        comparisons = compare_sets(sets[0], sets[1], (a, b), metric, min_effect)
        return Compared(a, b, "sets of runs", comparisons, [*sets[0].damaged, *sets[1].damaged])
    if experiment is None and (folders[0] or folders[1]):
        named, other = (a, b) if folders[0] else (b, a)
        raise AnalysisError(
            f"'{named}' is a set of runs and '{other}' is none: give two experiments, or two scenarios of one. "
            f"Experiments with records: {', '.join(_experiments(runs_dir)) or 'none'}."
        )
    chosen = experiment or newest_experiment(runs_dir)
    runs = load(runs_dir, chosen)
    variants = {_bare(str(variant)): str(variant) for variant in runs.ok["variant"].unique() if variant}
    if _bare(a) in variants and _bare(b) in variants:
        names = variants[_bare(a)], variants[_bare(b)]
        if names[0] == names[1]:
            raise AnalysisError(f"A and B must differ; both are '{names[0]}'.")
        comparisons = compare_variants(runs, metric, min_effect, names)
        if not comparisons:
            raise AnalysisError(f"{names[0]} and {names[1]} have no workload and scenario with {metric} in common.")
        return Compared(*names, f"settings of {chosen}", comparisons, runs.damaged)
    try:
        comparisons = compare_scenarios(runs, a, b, metric, min_effect)
    except AnalysisError as error:
        settings = "; ".join(sorted(variants.values()))
        raise AnalysisError(f"{error}" + (f" Settings with ok runs: {settings}." if settings else "")) from error
    if not comparisons:
        raise AnalysisError(f"{a} and {b} have no workload and variant with {metric} in common in {chosen}.")
    return Compared(a, b, f"scenarios of {chosen}", comparisons, runs.damaged)


def _bare(variant: str) -> str:
    return variant.replace('"', "").replace(" ", "")


def _folder(runs_dir: Path, name: str) -> Path | None:
    """The folder of records that a name stands for: a path, or an experiment's name."""
    for path in (runs_dir / name, Path(name)):
        if path.is_dir() and any(path.glob("*/run.json")):
            return path.resolve()
    return None


def _experiments(runs_dir: Path) -> list[str]:
    return sorted({path.parent.parent.name for path in runs_dir.glob("*/*/run.json")})
