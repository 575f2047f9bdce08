"""The options that say what a search minimises, within which limits, and for how many uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from analysis.search.core.problem import Objective

ObjectiveName = Literal["cost", "time", "weighted", "requests"]
ObjectiveOption = Annotated[
    ObjectiveName,
    typer.Option(
        help="cost: USD per run; time: seconds; weighted: cost^w x time^(1-w); requests: requests served per dollar."
    ),
]
MaxRuntimeOption = Annotated[float | None, typer.Option(help="Limit: a run takes at most this many seconds.")]
LeastAccuracyOption = Annotated[float | None, typer.Option(help="Limit: the accuracy reached is at least this.")]
MaxLatencyOption = Annotated[
    float | None, typer.Option("--max-latency-ms", help="Limit: the latency is at most this many milliseconds.")
]
UsesOption = Annotated[
    float | None,
    typer.Option(min=1, help="How often the shape will be used: more, longer search. For bakeoff; default: 40."),
]
WeightOption = Annotated[
    float | None, typer.Option(help="For --objective weighted: w, the weight of cost, from 0 to 1; default: 0.5.")
]


def make_objective(
    name: ObjectiveName,
    max_runtime_s: float | None,
    least_accuracy: float | None,
    max_latency_ms: float | None,
    weight: float | None,
) -> Objective:
    """The objective that the options say. Raises SearchError for a limit or weight out of range, or a weight of nothing."""
    from analysis.errors import SearchError
    from analysis.search.core.problem import Limit, Objective

    if weight is not None and name != "weighted":
        raise SearchError(f"--weight is for --objective weighted; received {weight:g} for {name}. Leave it out.")

    limits = []
    if max_runtime_s is not None:
        limits.append(Limit("runtime_s", "at most", max_runtime_s))
    if least_accuracy is not None:
        limits.append(Limit("accuracy", "at least", least_accuracy))
    if max_latency_ms is not None:
        limits.append(Limit("latency_ms", "at most", max_latency_ms))
    return Objective(name, tuple(limits), Objective.weight if weight is None else weight)
