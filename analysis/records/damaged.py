"""Files that could not be read, named with the reason."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import ValidationError


class Damaged(NamedTuple):
    """A record, or a file that belongs to records, that was left out, and why."""

    run: str
    reason: str


def first_fault(error: ValidationError) -> str:
    """The first field that does not fit its schema, and how many more there are."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where + ': ' if where else ''}{first['msg']}{more}"
