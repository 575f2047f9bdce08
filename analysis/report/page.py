"""Rows and words of the page: groups of results, rows of tables, numbers as text. Nothing is computed anew."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.measures import formats, metrics
from analysis.records.runs import Runs
from analysis.report.evidence import Evidence
from analysis.report.summary import Result, Spread, Summary
from analysis.statistics.intervals import Interval
from analysis.statistics.linear import Estimate
from analysis.study.claims import Finding

if TYPE_CHECKING:
    from markupsafe import Markup

    from analysis.report.figures.canvas import Drawn

LEASE_METRICS = ("apply_s", "load_data_s")  # happen once per lease
STAGE_METRICS = ("submit_s", "run_s", "finish_s", "collect_s", "overhead_ratio")
ELSEWHERE = (*LEASE_METRICS, "submit_s", "finish_s", "collect_s")  # in the tables of stages only
TESTED = ("better", "worse", "no_evidence", "too_noisy")  # verdicts of a comparison that say something of its sides
MOST_RUNS = 200  # rows of the table of runs; the rest are in runs.csv


def whole_names(text: str, names: list[str]) -> Markup:
    """Text in which no name of a shape is broken at a hyphen, and no figure before its percent sign."""
    from markupsafe import Markup, escape

    pattern = "|".join(re.escape(str(escape(name))) for name in sorted(names, key=len, reverse=True))
    whole = re.sub(rf"(?<![\w-])(?:{pattern})(?![\w-])", r'<span class="whole">\g<0></span>', str(escape(text)))
    return Markup(re.sub(r"(?<=\d) %", "\u00a0%", whole if names else str(escape(text))))


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
        "range": _between(low, high) if spread.n > 1 and differ else "",
        "n": str(spread.n),
    }


def groups(summary: Summary, evidence: Evidence) -> list[dict[str, Any]]:
    """The results by workload and variant, each with the metrics that any of its scenarios has."""
    verdict_of = {(v.workload, v.variant): v for v in summary.verdicts}
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in summary.results:
        groups.setdefault((result.workload, result.variant), []).append(result)
    made = []
    for (workload, variant), results in groups.items():
        rows = [m for m in metrics.METRICS if m.name not in ELSEWHERE]
        measured = [m for m in rows if any(r.spread(m.name) for r in results)]
        beside = [
            c
            for c in evidence.variants
            if c.workload == workload and variant in (c.a.name, c.b.name) and c.where in {r.scenario for r in results}
        ]
        zero = [m for m in measured if all((s := r.spread(m.name)) and s.min == s.max == 0 for r in results)]
        made.append(
            {
                "workload": workload,
                "variant": variant,
                "verdict": verdict_of[workload, variant],
                "results": results,
                "beside": [c.text for c in beside if c.verdict in TESTED and c.b.name == variant],  # each once
                "undecided": sum(c.verdict not in TESTED for c in beside),
                "costs": {r.scenario: evidence.cost_of(workload, variant, r.scenario) for r in results},
                "metrics": [m for m in measured if m not in zero],
                "zero": [m.label for m in zero],
                "absent": [m.label for m in rows if m not in measured],
            }
        )
    return made


def missing(summary: Summary) -> list[tuple[str, str]]:
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


def leases(runs: Runs) -> list[dict[str, Any]]:
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


def throughput_table(summary: Summary) -> dict[str, Any]:
    """Throughput with a column per scenario and a row per kind of measurement."""
    scenarios = sorted({row.scenario for row in summary.throughput})
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in summary.throughput:
        key = (row.workload, row.variant, row.operation, row.format, row.source, row.cache)
        rows.setdefault(key, {})[row.scenario] = row
    return {"scenarios": scenarios, "rows": rows}


def interval_text(interval: Interval | None, unit: str) -> dict[str, str]:
    """A median with its interval in words."""
    if interval is None:
        return {"median": formats.MISSING, "interval": ""}
    middle = formats.quantity(interval.median, unit)
    if interval.low is None or interval.high is None:
        return {"median": middle, "interval": ""}
    return {"median": middle, "interval": _between(*(formats.quantity(v, unit) for v in (interval.low, interval.high)))}


def _between(low: str, high: str) -> str:
    """Two bounds, each of them in one line."""
    return f"{low} to {high}".replace(" ", "\u00a0").replace("\u00a0to", " to")


def estimate_text(estimate: Estimate | None, digits: int | None = None) -> dict[str, str]:
    """An estimate with its interval: to ``digits`` decimals, else to three significant digits."""
    if estimate is None:
        return {"value": formats.MISSING, "interval": ""}
    values = (estimate.value, estimate.low, estimate.high)
    value, low, high = (formats.number(v) if digits is None or v is None else f"{v:.{digits}f}" for v in values)
    return {"value": value, "interval": "no interval" if formats.MISSING in (low, high) else f"{low} to {high}"}


def lacking(findings: list[Finding]) -> tuple[list[str], dict[str, list[str]]]:
    """Conditions that no claim with a measurement meets here, said once, and for each claim those that it lacks besides."""
    measured = [finding for finding in findings if finding.measured]
    common = [c for c in measured[0].missing if all(c in f.missing for f in measured)] if len(measured) > 1 else []
    return common, {f.claim: [c for c in f.missing if c not in common] if f.measured else [] for f in findings}


def records(runs: Runs, drawn: list[Drawn], runs_dir: Path, out_dir: Path) -> tuple[list[dict[str, Any]], int]:
    """Rows of the table of runs, those that a figure draws first, and how many are left out."""
    figures: dict[str, list[Drawn]] = {}
    for one in drawn:
        for run in one.runs:
            figures.setdefault(run, []).append(one)
    frame = runs.runs.assign(drawn=[str(run) in figures for run in runs.runs["run"]])
    frame = frame.sort_values(["drawn", "workload", "variant", "scenario", "repeat"], ascending=[False] + [True] * 4,
                              kind="stable")  # fmt: skip
    rows = [
        {
            **{name: row[name] for name in ("workload", "variant", "scenario", "lease", "repeat", "status", "cell")},
            "run_s": float(row["run_s"]), "cost_usd": float(row["cost_usd"]), "id": run_id(str(row["run"])),
            "link": Path(os.path.relpath(runs_dir / str(row["run"]) / "run.json", out_dir)).as_posix(),
            "figures": figures.get(str(row["run"]), []),
        }
        for _, row in frame.head(MOST_RUNS).iterrows()
    ]  # fmt: skip
    return rows, len(frame) - len(rows)


def run_id(run: str) -> str:
    """The page's anchor for a run."""
    return "run-" + re.sub(r"[^A-Za-z0-9_-]", "-", run)
