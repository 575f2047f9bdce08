"""The report: one self-contained HTML page, its figures as SVG and PNG, and its numbers as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis import formats, metrics
from analysis.errors import NoRecordsError
from analysis.runs import load
from analysis.summary import Result, Spread, Summary, summary_of
from analysis.validity import COVERAGE_FLOOR, PROBE_TOLERANCE
from analysis.verdict import MIN_REPEATS, RULE

__all__ = ["NoRecordsError", "Report", "build", "newest_experiment"]

TEMPLATES = Path(__file__).parent / "templates"
STAGE_METRICS = ("apply_s", "load_data_s", "submit_s", "run_s", "finish_s", "collect_s", "overhead_ratio")


@dataclass(frozen=True)
class Report:
    """What was built: the page, and the summary behind it in plain types, ready for JSON."""

    page: Path
    summary: dict[str, Any]


def newest_experiment(runs_dir: Path) -> str:
    """Name of the experiment whose record was written last.

    Raises:
        NoRecordsError: there is no record at all.
    """
    records = list(runs_dir.glob("*/*/run.json"))
    if not records:
        raise NoRecordsError(f"No records under '{runs_dir}'. Measure first: bakeoff bench demo")
    return max(records, key=lambda path: (path.stat().st_mtime_ns, path)).parent.parent.name


def build(runs_dir: Path, experiment: str, out_dir: Path, *, now: datetime | None = None) -> Report:
    """Write ``report.html``, ``figures/`` and ``tables/`` under ``out_dir``.

    The output depends on the records alone, but for the time stamp.

    Args:
        runs_dir: the directory of all experiments and leases.
        experiment: name of the experiment.
        out_dir: made if need be; what it holds under the same names is overwritten.
        now: the time stamp of the page, in place of the clock.

    Raises:
        NoRecordsError: there is no readable record.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    from analysis.figures.catalogue import draw_all
    from analysis.tables import write_tables

    runs = load(runs_dir, experiment)
    summary = summary_of(runs, experiment)
    out_dir.mkdir(parents=True, exist_ok=True)
    figures = draw_all(summary, runs, out_dir / "figures")
    tables = write_tables(summary, runs, out_dir / "tables")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("number", "seconds", "usd", "percent", "size", "plural"):
        environment.filters[name] = getattr(formats, name)
    environment.filters["svg"] = Markup  # drawn by us; labels in it are escaped by matplotlib
    environment.globals.update(spread_text=spread_text)
    named = {m.name: m for m in metrics.METRICS}
    page = environment.get_template("report.html.j2").render(
        s=summary,
        figures=figures,
        tables=tables,
        groups=_groups(summary),
        stage_metrics=[named[name] for name in STAGE_METRICS],
        throughput=_throughput_table(summary),
        built_at=(now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
        min_repeats=MIN_REPEATS,
        rule=RULE,
        tolerance=PROBE_TOLERANCE,
        floor=COVERAGE_FLOOR,
        notional=any(r.target == "local" for r in runs.records.values()),
    )
    path = out_dir / "report.html"
    path.write_text(page, encoding="utf-8")
    return Report(path, summary.as_dict())


def spread_text(spread: Spread | None, unit: str) -> dict[str, str]:
    """A spread in words: the median, and the range where there is more than one value."""
    if spread is None:
        return {"median": formats.MISSING, "range": "", "n": "0"}
    low, high = formats.quantity(spread.min, unit), formats.quantity(spread.max, unit)
    return {
        "median": formats.quantity(spread.median, unit),
        "range": f"{low} to {high}" if spread.n > 1 and low != high else "",
        "n": str(spread.n),
    }


def _groups(summary: Summary) -> list[dict[str, Any]]:
    """The results by workload and variant, each with the metrics that any of its scenarios has."""
    verdict_of = {(v.workload, v.variant): v for v in summary.verdicts}
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in summary.results:
        groups.setdefault((result.workload, result.variant), []).append(result)
    made = []
    for (workload, variant), results in groups.items():
        rows = [m for m in metrics.METRICS if m.name not in STAGE_METRICS[:2] + STAGE_METRICS[4:6] + ("submit_s",)]
        made.append(
            {
                "workload": workload,
                "variant": variant,
                "verdict": verdict_of[workload, variant],
                "results": results,
                "metrics": [m for m in rows if any(r.spread(m.name) for r in results)],
                "absent": [m.label for m in rows if not any(r.spread(m.name) for r in results)],
                "missing": {r.scenario: r.missing for r in results if r.missing},
            }
        )
    return made


def _throughput_table(summary: Summary) -> dict[str, Any]:
    """Throughput with a column per scenario and a row per kind of measurement."""
    scenarios = sorted({row.scenario for row in summary.throughput})
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in summary.throughput:
        key = (row.workload, row.variant, row.operation, row.format, row.source, row.cache)
        rows.setdefault(key, {})[row.scenario] = row
    return {"scenarios": scenarios, "rows": rows}
