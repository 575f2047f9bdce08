"""Which results share a figure of what every node did: panels by scenario, or by variant."""

from __future__ import annotations

from typing import NamedTuple

from analysis.report.summary import Result, Summary

MAX_VARIANTS = 4  # per workload; the report says which were left out


class PanelGroup(NamedTuple):
    """The panels of one figure, a result each.

    Attributes:
        where: what the panels have in common, for the title.
        slug: its part of the names of files.
        by: scenario or variant, in which the panels differ.
        results: one per panel.
    """

    where: str
    slug: str
    by: str
    results: list[Result]

    def label(self, result: Result) -> str:
        return result.scenario if self.by == "scenario" else result.variant


def panel_groups(summary: Summary) -> list[PanelGroup]:
    """By scenario, for each variant up to :data:`MAX_VARIANTS`; by variant, for each scenario with 2 to as many of them."""
    shown = [r for r in summary.results if r.representative_run]
    found: list[PanelGroup] = []
    for workload in dict.fromkeys(r.workload for r in shown):
        of = [r for r in shown if r.workload == workload]
        variants = list(dict.fromkeys(r.variant for r in of))
        slug = workload.replace("_", "-")
        by_variant = []
        for index, scenario in enumerate(dict.fromkeys(r.scenario for r in of), 1):
            results = [r for r in of if r.scenario == scenario]
            if 1 < len(results) <= MAX_VARIANTS:
                by_variant.append(PanelGroup(f"{workload} on {scenario}", f"{slug}-on-{index}", "variant", results))
        if by_variant and len({r.scenario for r in of}) == 1:  # by scenario there would be one panel a figure
            found += by_variant
            continue
        for index, variant in enumerate(variants[:MAX_VARIANTS], 1):
            results = [r for r in of if r.variant == variant]
            where = f"{workload}{', ' + variant if variant else ''}"
            found.append(PanelGroup(where, slug + (f"-{index}" if variant else ""), "scenario", results))
        found += by_variant
    return found


def left_out(summary: Summary) -> list[str]:
    """Workloads with a variant that has no figures, as it is beyond the first :data:`MAX_VARIANTS`."""
    drawn = [(r.workload, r.variant) for r in summary.results if r.representative_run]
    groups: dict[str, list[str]] = {}
    for workload, variant in dict.fromkeys(drawn):
        groups.setdefault(workload, []).append(variant)
    return [f"{workload}, {v}" for workload, variants in groups.items() for v in variants[MAX_VARIANTS:]]
