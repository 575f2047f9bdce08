"""The comment: a review as Markdown, of which every word that comes from the change is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterator

from infra.review.configuration import Configuration, ResourceChange
from infra.review.costs import CellCost, ExperimentCost, PastRuns
from infra.review.markdown import Section, assemble, code, fenced, folded, row, table
from infra.review.policy import Finding, Policy
from infra.review.review import Review
from infra.review.scenarios import ScenarioChange

MARKER = "<!-- bakeoff-review -->"
"""First line of the comment, unseen: by it the next run finds the comment to write anew."""

KINDS = {
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "price": "same shape, other price",
    "text": "comments only",
}
LONGEST_VALUE = 160
MOST_NAMES = 10
MOST_ATTRIBUTES = 80  # of one resource


def comment(review: Review) -> str:
    """The whole comment, at most as long as GitHub takes."""
    sections = [
        Section(_head(review)),
        _scenarios(review),
        _hourly(review),
        _runs(review.experiments, review.records),
        _configuration(review.configuration, review),
        _policy(review.policy),
        _checked(review),
    ]
    return assemble(sections, f"bakeoff review --base {review.base.ref}")


def difference(before: float | None, after: float | None) -> str:
    """``+0.120 (+15.0 %)``: in USD and in per cent; a dash where one of them is not known."""
    if before is None or after is None:
        return "-"
    change = after - before
    if abs(change) < 5e-7:
        return "0"
    ratio = f" ({change / before:+.1%})".replace("%", " %") if before else ""
    return f"{_signed(change)}{ratio}"


def _head(review: Review) -> str:
    kinds = [scenario.kind for scenario in review.scenarios]
    counted = [f"{kinds.count(kind)} {kind}" for kind in ("added", "removed", "changed") if kind in kinds]
    broken = sum(1 for scenario in review.scenarios if "after" in scenario.problems)
    resources = sum(len(diff.resources) for diff in review.configuration.diffs)
    said = [
        f"Scenarios: {', '.join(counted) or 'none changed'}{f', **{broken} broken**' if broken else ''}.",
        f"Resources that differ: {resources}."
        if review.configuration.checked_with or not review.configuration.unavailable
        else "Configuration: **not compared**.",
        f"New policy findings: {len(review.policy.new)}." if review.policy.checked_with else "Policy: **not checked**.",
    ]
    compared = f"Against {code(review.base.ref)} at {code(review.base.commit[:12])}."
    note = f"\n\n> Note: {code(review.base.note)}\n" if review.base.note else ""
    return f"{MARKER}\n## bakeoff review\n\n{' '.join(said)} {compared}{note}\n"


def _scenarios(review: Review) -> Section:
    items = []
    for scenario in review.scenarios:
        if scenario.kind == "same" and not scenario.problems:
            continue
        what = [f"{code(name)} {code(_value(old))} → {code(_value(new))}" for name, (old, new) in _shown(scenario)]
        what += [f"**broken {when}**: {code(problem)}" for when, problem in scenario.problems.items()]
        kind = KINDS.get(scenario.kind, "unchanged")
        items.append(row(code(scenario.name), kind, "<br>".join(what) or "-"))
    same = sum(1 for scenario in review.scenarios if scenario.kind == "same" and not scenario.problems)
    if not items:
        return Section(f"\n### Scenarios\n\nNo scenario changed; there are {same}.\n")
    head = "\n### Scenarios\n\n" + table(("scenario", "change", "what"))
    return Section(head, tuple(items), "scenarios", f"\n{same} unchanged.\n")


def _shown(scenario: ScenarioChange) -> list[tuple[str, tuple[object, object]]]:
    """Of a new or removed scenario all attributes are listed, less the name; of a broken one none, as nobody knows."""
    whole = not any(side and side.scenario is None for side in (scenario.before, scenario.after))
    return [(name, values) for name, values in scenario.fields.items() if name != "name" and whole]


def _hourly(review: Review) -> Section:
    head = "\n### Cost per hour\n\n"
    moved = [s for s in review.scenarios if s.usd_per_hour[0] != s.usd_per_hour[1]]
    if not moved:
        return Section(head + "No scenario costs more or less than before.\n")
    items = [
        row(code(s.name), _usd(s.usd_per_hour[0]), _usd(s.usd_per_hour[1]), difference(*s.usd_per_hour)) for s in moved
    ]
    columns = ("scenario", "before, USD/h", "after, USD/h", "difference, USD/h")
    old, new = review.prices_dated
    dated = f"of {old}" if old == new else f"before: of {old}, after: of {new}"
    tail = f"\nList prices of {code(review.region)}, {dated}: machines, disks and the Dataproc fee.\n"
    return Section(head + table(columns, columns[1:]), tuple(items), "scenarios", tail)


def _runs(experiments: list[ExperimentCost], records: str | None) -> Section:
    head = "\n### Cost per experiment run\n\n"
    if not experiments:
        return Section(head + "No experiment runs on what changed.\n")
    columns = ("experiment", "part", "runs", "records", "median s", "before, USD", "after, USD", "difference, USD")
    items = [item for experiment in experiments for item in _experiment(experiment)]
    of = f" of {code(records)}" if records else ""
    tail = (
        f"\nMedian time of the job in past records{of} x list price per hour; applying and tearing down the "
        "cluster is not in it. An adaptive experiment is counted with the most repeats it may take. "
        "A shape that was never measured costs an unknown amount: its time is not guessed from another shape's.\n"
    )
    return Section(head + table(columns, columns[2:]), tuple(items), "lines", tail)


def _experiment(experiment: ExperimentCost) -> Iterator[str]:
    before, after = experiment.cost_usd
    notes = [f"**cannot run {when}**: {code(problem)}" for when, problem in experiment.problems.items()]
    notes += [f"{when}: at most, repeats {code(said)}" for when, said in experiment.adaptive.items()]
    notes.append(f"records: {code(experiment.conditions)}" if experiment.conditions else "no past records")
    if experiment.conditions and experiment.conditions.startswith("target local"):
        notes.append("notional: a local run at the price of the shape it stands for")
    total = (_usd(before), _usd(after), difference(before, after))
    yield row(code(experiment.name), "<br>".join(["**in all**", *notes]), "", "", "", *total)
    if experiment.conditions:
        yield from (_cell(cell) for cell in experiment.cells)


def _cell(cell: CellCost) -> str:
    settings = json.dumps(cell.configuration, sort_keys=True, default=str)
    part = f"{code(cell.scenario)} {code(cell.workload)}" + (f" {code(settings, 120)}" if cell.configuration else "")
    costs = [side.cost_usd if side else None for side in (cell.before, cell.after)]
    return row(
        "",
        f"{part}, each",
        _both(str(cell.runs[0]), str(cell.runs[1])),
        _both(*(_count(side) for side in (cell.before, cell.after))),
        _both(*(f"{side.median_run_s:.1f}" if side else "-" for side in (cell.before, cell.after))),
        *(_usd(cost) for cost in costs),
        difference(*costs) if cell.break_even_s is None else f"as before if it takes {cell.break_even_s:.1f} s",
    )


def _count(side: PastRuns | None) -> str:
    return str(side.records) if side else "0"


def _both(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _configuration(configuration: Configuration, review: Review) -> Section:
    head = "\n### Configuration diff\n\n"
    files = "".join(
        f"- {file.status} {code(file.path)}\n" for file in review.files if file.path.endswith((".tf", ".hcl"))
    )
    items: list[str] = []
    if files:
        items.append(folded("Terraform files that differ", files) + "\n")
    for failure in configuration.failed:
        of = f" for {code(failure.scenario)}" if failure.scenario else ""
        items.append(
            f"**Terraform refuses** {code(failure.root)}{of} ({failure.when}): {code(failure.reason, 1500)}\n\n"
        )
    for diff in configuration.diffs:
        names = ", ".join(code(name) for name in diff.scenarios)
        items.append(f"\n**{code(diff.root)}**{f' for {names}' if names else ''}\n\n")
        items += [_resource(resource) + "\n" for resource in diff.resources]
    if configuration.checked_with is None:
        why = configuration.unavailable
        head += f"Not compared: {code(why)}\n\n" if why else "No Terraform root reads anything that changed.\n\n"
    elif not configuration.diffs and not configuration.failed:
        head += f"The same resources in all {configuration.planned} plans.\n\n"
    else:
        head += "Plans from an empty state in both revisions, compared; not what an apply does to a cluster that stands.\n\n"
    return Section(head, tuple(items), "parts")


def _resource(resource: ResourceChange) -> str:
    lines = [f"  {resource.address}"]
    for path, (old, new) in list(resource.attributes.items())[:MOST_ATTRIBUTES]:
        lines += [f"- {path} = {_value(old)}"] if old is not None else []
        lines += [f"+ {path} = {_value(new)}"] if new is not None else []
    if len(resource.attributes) > MOST_ATTRIBUTES:
        lines.append(f"  and {len(resource.attributes) - MOST_ATTRIBUTES} more attributes")
    lines = [line.encode("ascii", "backslashreplace").decode() for line in lines]
    return folded(f"{resource.kind}: {code(resource.address)}", fenced(lines, "diff"))


def _policy(policy: Policy) -> Section:
    head = "\n### Policy\n\n"
    if policy.checked_with is None:
        return Section(f"{head}Not checked: {code(policy.unavailable)}. bakeoff has no policy rules of its own.\n")
    counts = (
        f"{len(policy.new)} new, {len(policy.old)} that were there before, {len(policy.resolved)} resolved; "
        f"{policy.passed} checks passed, {policy.suppressions} suppressed with a reason beside the code.\n\n"
    )
    rows = [_finding("**new**", finding) for finding in policy.new]
    rows += [_finding("new suppression", finding) for finding in policy.new_suppressions]
    rows += [_finding("was there before", finding) for finding in policy.old]
    rows += [_finding("resolved", finding) for finding in policy.resolved]
    if not rows:
        return Section(head + counts)
    return Section(head + counts + table(("", "check", "resource", "what")), tuple(rows), "findings")


def _finding(state: str, finding: Finding) -> str:
    what = code(finding.title) + (f"<br>reason: {code(finding.reason)}" if finding.reason is not None else "")
    return row(state, code(finding.check), f"{code(finding.resource)}<br>{code(finding.file)}", what)


def _checked(review: Review) -> Section:
    configuration, policy = review.configuration, review.policy
    names = [code(scenario.name) for scenario in review.scenarios if "after" in scenario.problems]
    broken = ", ".join(names[:MOST_NAMES]) + (f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else "")
    plans = f"{configuration.planned} in both revisions, {len(configuration.failed)} refused"
    findings = f"{len(policy.new) + len(policy.old)} findings"
    rows = (
        ("rules of scenarios", "bakeoff", f"**broken**: {broken}" if broken else "hold"),
        ("terraform fmt", review.terraform, code(review.formatting) if review.formatting else "nothing to format"),
        ("plans from an empty state", configuration.checked_with, plans),
        ("policy", policy.checked_with, findings),
        ("Google Cloud itself", None, "no API was asked: quotas, permissions and acceptance are not checked"),
    )
    items = (
        row(what, code(by) if by else "nothing", said if by or what.startswith("Google") else "-")
        for what, by, said in rows
    )
    return Section("\n### Checked with\n\n" + table(("what", "with", "result")), tuple(items))


def _value(value: object) -> str:
    text = "(not set)" if value is None else json.dumps(value, default=str)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def _usd(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if value >= 0.1 else f"{value:.5f}"


def _signed(value: float) -> str:
    return f"{value:+.3f}" if abs(value) >= 0.1 else f"{value:+.5f}"
