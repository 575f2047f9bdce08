"""Numbers as people read them. A missing value is a dash, never a zero."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

MISSING = "–"


def _known(form: Callable[[float], str]) -> Callable[[float | None], str]:
    """A form of numbers that writes a dash for a missing one."""

    @functools.wraps(form)
    def written(value: float | None) -> str:
        return MISSING if value is None or math.isnan(value) else form(value)

    return written


@_known
def number(value: float) -> str:
    """Three significant digits, thousands separated: 0.0123, 4.56, 78.9, 1,230."""
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(digits, 0)}f}"


@_known
def seconds(value: float) -> str:
    """Seconds; minutes and seconds from two minutes on, hours and minutes from one hour on."""
    if abs(value) < 120:
        return f"{number(value)} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@_known
def usd(value: float) -> str:
    """US dollars: cents from one dollar on, three significant digits below."""
    return f"${value:,.2f}" if abs(value) >= 1 else f"${number(value)}"


@_known
def percent(value: float) -> str:
    """A ratio in percent, to the whole number from 10 % on."""
    hundred = value * 100
    if 0 < hundred < 0.05:
        return "< 0.1 %"
    return f"{hundred:.0f} %" if abs(hundred) >= 9.95 or hundred == 0 else f"{hundred:.1f} %"


@_known
def size(value: float) -> str:
    """Bytes in decimal units."""
    units = ["TB", "GB", "MB", "kB", "B"]
    while abs(value) >= 999.5 and len(units) > 1:
        value /= 1000
        units.pop()
    return f"{number(value)} {units[-1]}"


@_known
def count(value: float) -> str:
    """A whole number, thousands separated."""
    return f"{value:,.0f}"


FORMS = {"s": seconds, "USD": usd, "%": percent, "bytes": size, "count": count, "": number}


def quantity(value: float | None, unit: str) -> str:
    """A value in one of the units of :data:`analysis.measures.metrics.METRICS`; a bare number where the unit is empty."""
    if unit in FORMS:
        return FORMS[unit](value)
    written = number(value)
    return written if written == MISSING else written + ("/s" if unit == "1/s" else f" {unit}")


def plural(count: int, noun: str) -> str:
    """'1 record', '2 records'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
