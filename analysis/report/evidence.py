"""All that is computed from the records beyond their summary: what the report, its tables and its figures draw on."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.compare.comparison import Comparison, compare_all_scenarios, compare_variants
from analysis.measures.cost import Cost, Frontier, costs, frontiers
from analysis.measures.utilisation import Utilisation, utilisation
from analysis.records.runs import Runs
from analysis.study.claims import Finding, findings
from analysis.study.regression import Regression, regressions
from analysis.study.tables import RowTraining, TableR, table_1, table_2


@dataclass(frozen=True)
class Evidence:
    """Comparisons, costs, use, regressions and what became of the study's tables and claims."""

    comparisons: list[Comparison]  # between shapes, run time and cost
    variants: list[Comparison]  # between variants on the same shape, run time
    costs: list[Cost]
    frontiers: list[Frontier]
    utilisation: list[Utilisation]
    regressions: list[Regression]
    table_1: list[TableR]
    table_2: list[RowTraining]
    findings: list[Finding]

    def cost_of(self, workload: str, variant: str, scenario: str) -> Cost | None:
        key = (workload, variant, scenario)
        return next((c for c in self.costs if (c.workload, c.variant, c.scenario) == key), None)


def evidence_of(runs: Runs) -> Evidence:
    """Everything that these records allow; what they do not is empty."""
    regressed = regressions(runs)
    return Evidence(
        comparisons=[*compare_all_scenarios(runs, "run_s"), *compare_all_scenarios(runs, "cost_usd")],
        variants=compare_variants(runs, "run_s"),
        costs=costs(runs),
        frontiers=frontiers(runs),
        utilisation=utilisation(runs),
        regressions=regressed,
        table_1=table_1(runs, regressed),
        table_2=table_2(runs),
        findings=findings(runs, regressed),
    )
