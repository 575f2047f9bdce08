"""The report: one self-contained HTML page, Markdown for a pull request, figures as SVG and PNG, numbers as CSV and Parquet."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.compare.stopping import read_decisions
from analysis.compare.verdict import RULE
from analysis.errors import DamagedRecordError
from analysis.measures import formats, metrics
from analysis.measures.validity import COVERAGE_FLOOR, PROBE_TOLERANCE
from analysis.plain import plain
from analysis.records.damaged import Damaged
from analysis.records.runs import Runs, load
from analysis.report import page
from analysis.report.evidence import Evidence, evidence_of
from analysis.report.searched import read_search
from analysis.report.summary import Summary, summary_of
from analysis.statistics.intervals import MIN_REPEATS
from analysis.study import seed
from analysis.study.claims import fill_from_other_parts

if TYPE_CHECKING:
    from jinja2 import Environment

    from analysis.report.figures.catalogue import Figures

__all__ = ["Report", "build"]

T = TypeVar("T")
TEMPLATES = Path(__file__).parent / "templates"
MOST_ROWS = 60  # of a long table; the rest are in the CSV beside the page
TRAINING_UNITS = {"train_loss": "", "train_accuracy": "%", "validation_loss": "", "validation_accuracy": "%",
                  "time_s": "s"}  # fmt: skip


@dataclass(frozen=True)
class Report:
    """The files that were written, and the summary behind them in plain types, ready for JSON."""

    page: Path
    markdown: Path
    summary: dict[str, Any]


def build(
    runs_dir: Path, experiment: str, out_dir: Path, *, markdown: Path | None = None, now: datetime | None = None
) -> Report:
    """Write ``report.html``, ``report.md``, ``figures/`` and ``tables/`` under ``out_dir``.

    The output depends on the records alone, but for the time stamp.

    Args:
        runs_dir: the directory of all experiments and leases.
        experiment: name of the experiment.
        out_dir: made if need be; what it holds under the same names is overwritten.
        markdown: the Markdown goes there instead.
        now: the time stamp of the page, in place of the clock.

    Raises:
        NoRecordsError: there is no readable record.
    """
    from analysis.report.figures.catalogue import draw_all
    from analysis.report.tables import write_tables

    runs = load(runs_dir, experiment)
    search = _beside(read_search, runs_dir / experiment, runs)
    decided = _beside(read_decisions, runs_dir / experiment, runs) or []
    summary, evidence = summary_of(runs, experiment), evidence_of(runs)
    evidence = replace(evidence, findings=fill_from_other_parts(evidence.findings, runs_dir, experiment))
    out_dir.mkdir(parents=True, exist_ok=True)
    figures = draw_all(summary, runs, evidence, search, out_dir / "figures")
    tables = write_tables(summary, evidence, runs, search, out_dir / "tables")
    rows, left_out = page.records(runs, figures.all, runs_dir, out_dir)
    text = markdown or out_dir / "report.md"
    shown = {
        **_shown(summary, evidence, runs, figures, now),
        "search": search,
        "decided": decided,
        "tables": tables,
        "records": rows,
        "runs_left_out": left_out,
        "markdown": Path(os.path.relpath(text, out_dir)).as_posix(),
    }
    written = out_dir / "report.html"
    written.write_text(_environment(summary, html=True).get_template("report.html.j2").render(shown), encoding="utf-8")
    text.parent.mkdir(parents=True, exist_ok=True)
    text.write_text(_environment(summary, html=False).get_template("report.md.j2").render(shown), encoding="utf-8")
    return Report(written, text, {**plain(summary), "evidence": plain(evidence), "figures_absent": figures.absent})


def _beside(read: Callable[[Path], T], folder: Path, runs: Runs) -> T | None:
    """Read a file that lies beside the records; None where it cannot be read, which is then among the damaged files."""
    try:
        return read(folder)
    except DamagedRecordError as error:
        runs.damaged.append(Damaged(folder.name, str(error)))
        return None


def _environment(summary: Summary, *, html: bool) -> Environment:
    """Jinja with the words and numbers of the page; what goes into HTML is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=html, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    for name in ("number", "seconds", "usd", "percent", "size", "plural"):
        environment.filters[name] = getattr(formats, name)
    environment.filters["svg"] = Markup  # drawn by us; labels in it are escaped by matplotlib
    environment.filters["whole_names"] = lambda text: page.whole_names(text, [shape.name for shape in summary.shapes])
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
    environment.filters["run_id"] = page.run_id
    environment.globals.update(
        spread_text=page.spread_text, interval_text=page.interval_text, estimate_text=page.estimate_text,
        quantity=formats.quantity,
    )  # fmt: skip
    return environment


def _shown(summary: Summary, evidence: Evidence, runs: Runs, figures: Figures, now: datetime | None) -> dict[str, Any]:
    """The variables of the templates."""
    named = {m.name: m for m in metrics.METRICS}
    return {
        "s": summary,
        "figures": figures,
        "groups": page.groups(summary, evidence),
        "comparisons": [*evidence.comparisons, *evidence.variants],
        "uses": [(u, evidence.cost_of(u.workload, u.variant, u.scenario)) for u in evidence.utilisation],
        "frontiers": evidence.frontiers,
        "regressions": evidence.regressions,
        "table_1": evidence.table_1,
        "table_2": evidence.table_2,
        "findings": evidence.findings,
        "lacking": page.lacking(evidence.findings),
        "seed": seed,
        "labels": {name: metric.label for name, metric in named.items()},
        "training_units": TRAINING_UNITS,
        "shown": MOST_ROWS,
        "stage_metrics": [named[name] for name in page.STAGE_METRICS],
        "leases": page.leases(runs),
        "missing": page.missing(summary),
        "throughput": page.throughput_table(summary),
        "built_at": (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
        "min_repeats": MIN_REPEATS,
        "rule": RULE,
        "idle_ratio": metrics.IDLE_RATIO,
        "tolerance": PROBE_TOLERANCE,
        "floor": COVERAGE_FLOOR,
        "paid": "the bill of the lease"
        if runs.paid.source == "billed" and runs.paid.leases
        else "its machines' real seconds at list prices"
        if runs.paid.leases
        else "list price of the shape times all recorded stages of all its runs",
    }
