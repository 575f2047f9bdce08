"""One thing that ``bakeoff doctor`` looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel

from infra.base.errors import BakeoffError

State = Literal["ok", "missing", "broken"]


class Check(BaseModel):
    """What was looked at, and how it is. ``missing`` costs a feature, ``broken`` stops the target."""

    name: str
    state: State
    detail: str
    cure: str | None = None


def guarded(name: str, look: Callable[[], str], cure: str) -> Check:
    """A check by something that raises an error where it is broken."""
    try:
        return Check(name=name, state="ok", detail=look())
    except (BakeoffError, OSError, ImportError) as error:
        return Check(name=name, state="broken", detail=str(error), cure=cure)
