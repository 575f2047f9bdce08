"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from infra.cli.completion import complete_target
from infra.targets.registry import open_target

IsolationOption = Annotated[
    Literal["auto", "namespaces", "none"],
    typer.Option(
        help="namespaces: own address and limits per node (root, Linux); none: plain processes; auto: the best there is."
    ),
]


def _known_target(name: str) -> str:
    return open_target(name).name


TargetOption = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        parser=_known_target,
        autocompletion=complete_target,
        help="Where it runs: local, on this machine; gcp, on Dataproc; vertex, as training jobs on Vertex AI (these two need "
        "gcp.toml, and cost money); or a target of your own, see infra/targets/README.md.",
    ),
]
MaxUsdOption = Annotated[
    float | None,
    typer.Option(
        help="gcp, vertex: hard limit of what all clusters of this command may cost; also set as their expiry there."
    ),
]
MaxMinutesOption = Annotated[
    float | None,
    typer.Option(
        help="gcp, vertex: hard limit of how long clusters of this command may live; also set as their expiry there."
    ),
]
ImagesOption = Annotated[
    str | None,
    typer.Option(help="Folder or gs:// prefix laid out <class>/<name>.jpg. Default: a generated Flowers-like set."),
]
