"""The report: one self-contained HTML page, its figures as SVG and PNG, and its numbers as CSV."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis import formats, metrics
from analysis.errors import NoRecordsError
from analysis.runs import Runs, load
from analysis.summary import Result, Spread, Summary, summary_of
from analysis.validity import COVERAGE_FLOOR, PROBE_TOLERANCE
from analysis.verdict import MIN_REPEATS, RULE

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["NoRecordsError", "Report", "build", "newest_experiment"]

TEMPLATES = Path(__file__).parent / "templates"
LEASE_METRICS = ("apply_s", "load_data_s")  # happen once per lease
STAGE_METRICS = ("submit_s", "run_s", "finish_s", "collect_s", "overhead_ratio")
ELSEWHERE = (*LEASE_METRICS, "submit_s", "finish_s", "collect_s")  # in the tables of stages only


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
    environment.filters["whole_names"] = lambda text: _whole_names(text, [shape.name for shape in summary.shapes])
    environment.globals.update(spread_text=spread_text)
    named = {m.name: m for m in metrics.METRICS}
    page = environment.get_template("report.html.j2").render(
        s=summary,
        figures=figures,
        tables=tables,
        groups=_groups(summary),
        stage_metrics=[named[name] for name in STAGE_METRICS],
        leases=_leases(runs),
        missing=_missing(summary),
        throughput=_throughput_table(summary),
        built_at=(now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M UTC"),
        min_repeats=MIN_REPEATS,
        rule=RULE,
        idle_ratio=metrics.IDLE_RATIO,
        tolerance=PROBE_TOLERANCE,
        floor=COVERAGE_FLOOR,
        notional=any(r.target == "local" for r in runs.records.values()),
    )
    path = out_dir / "report.html"
    path.write_text(page, encoding="utf-8")
    return Report(path, summary.as_dict())


def _whole_names(text: str, names: list[str]) -> Markup:
    """Text in which no name of a shape is broken at a hyphen."""
    from markupsafe import Markup, escape

    pattern = "|".join(re.escape(str(escape(name))) for name in sorted(names, key=len, reverse=True))
    whole = re.sub(rf"(?<![\w-])(?:{pattern})(?![\w-])", r'<span class="whole">\g<0></span>', str(escape(text)))
    return Markup(whole if names else str(escape(text)))


def spread_text(spread: Spread | None, unit: str) -> dict[str, str]:
    """A spread in words: the median, and the range where there is more than one value."""
    if spread is None:
        return {"median": formats.MISSING, "range": "", "n": "0"}
    low, high = formats.quantity(spread.min, unit), formats.quantity(spread.max, unit)
    differ = low != high
    for shared in (f" {unit}", "/s", " %", " s", " kB", " MB", " GB"):
        if low.endswith(shared) and high.endswith(shared) and " " not in low.removesuffix(shared):
            low = low.removesuffix(shared)  # said once, behind the second
            break
    return {
        "median": formats.quantity(spread.median, unit),
        "range": f"{low} to {high}".replace(" ", "\u00a0").replace("\u00a0to", " to")
        if spread.n > 1 and differ
        else "",
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
        rows = [m for m in metrics.METRICS if m.name not in ELSEWHERE]
        measured = [m for m in rows if any(r.spread(m.name) for r in results)]
        zero = [m for m in measured if all((s := r.spread(m.name)) and s.min == s.max == 0 for r in results)]
        made.append(
            {
                "workload": workload,
                "variant": variant,
                "verdict": verdict_of[workload, variant],
                "results": results,
                "metrics": [m for m in measured if m not in zero],
                "zero": [m.label for m in zero],
                "absent": [m.label for m in rows if m not in measured],
            }
        )
    return made


def _missing(summary: Summary) -> list[tuple[str, str]]:
    """Every sentence on what the ok records lack, once, and where it holds."""
    places: dict[str, list[str]] = {}
    for result in summary.results:
        for text in result.missing:
            places.setdefault(text, []).append(f"{result.workload} on {result.scenario}")
    everywhere = len([r for r in summary.results if r.n])
    return [
        (text[:1].upper() + text[1:] + ("" if text.endswith(".") else "."),
         "in all" if len(found) == everywhere else "in " + ", ".join(dict.fromkeys(found)))
        for text, found in places.items()
    ]  # fmt: skip


def _leases(runs: Runs) -> list[dict[str, Any]]:
    """Seconds of what happens once per lease, a row per lease; None where it was not recorded."""
    destroyed = {t.lease: t.destroy_s for t in runs.teardowns}
    rows = []
    for (scenario, lease), group in runs.runs.groupby(["scenario", "lease"], sort=True):
        once = {name: group[name].dropna() for name in LEASE_METRICS}
        rows.append(
            {"scenario": scenario, "lease": lease, "records": len(group), "destroy_s": destroyed.get(str(lease))}
            | {name: float(values.iloc[0]) if len(values) else None for name, values in once.items()}
        )
    return rows


def _throughput_table(summary: Summary) -> dict[str, Any]:
    """Throughput with a column per scenario and a row per kind of measurement."""
    scenarios = sorted({row.scenario for row in summary.throughput})
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in summary.throughput:
        key = (row.workload, row.variant, row.operation, row.format, row.source, row.cache)
        rows.setdefault(key, {})[row.scenario] = row
    return {"scenarios": scenarios, "rows": rows}
