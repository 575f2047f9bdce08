"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

IsolationOption = Annotated[
    Literal["auto", "namespaces", "none"],
    typer.Option(
        help="namespaces: own address and limits per node (root, Linux); none: plain processes; auto: the best there is."
    ),
]
ImagesOption = Annotated[
    str | None,
    typer.Option(help="Folder or gs:// prefix laid out <class>/<name>.jpg. Default: a generated Flowers-like set."),
]
