"""Numbers as people read them. A missing value is a dash, never a zero."""

from __future__ import annotations

import math

MISSING = "–"


def number(value: float | None) -> str:
    """Three significant digits, thousands separated: 0.0123, 4.56, 78.9, 1,230."""
    if value is None or math.isnan(value):
        return MISSING
    if value == 0:
        return "0"
    digits = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def seconds(value: float | None) -> str:
    """Seconds, from two minutes on as minutes and seconds."""
    if value is None or math.isnan(value):
        return MISSING
    if abs(value) < 120:
        return f"{number(value)} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def usd(value: float | None) -> str:
    """US dollars: cents from one dollar on, three significant digits below."""
    if value is None or math.isnan(value):
        return MISSING
    return f"${value:,.2f}" if abs(value) >= 1 else f"${number(value)}"


def percent(value: float | None) -> str:
    """A ratio in percent, to the whole number from 10 % on."""
    if value is None or math.isnan(value):
        return MISSING
    hundred = value * 100
    if 0 < hundred < 0.05:
        return "< 0.1 %"
    return f"{hundred:.0f} %" if abs(hundred) >= 9.95 or hundred == 0 else f"{hundred:.1f} %"


def size(value: float | None) -> str:
    """Bytes in decimal units."""
    if value is None or math.isnan(value):
        return MISSING
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(value) < 999.5 or unit == "TB":
            return f"{number(value)}/s" if unit == "1/s" else f"{number(value)} {unit}"
        value /= 1000
    raise AssertionError


def quantity(value: float | None, unit: str) -> str:
    """A value in one of the units of :data:`analysis.measures.metrics.METRICS`."""
    if value is None or math.isnan(value):
        return MISSING
    if unit == "s":
        return seconds(value)
    if unit == "USD":
        return usd(value)
    if unit == "%":
        return percent(value)
    if unit == "bytes":
        return size(value)
    if unit == "count":
        return f"{value:,.0f}"
    return f"{number(value)}/s" if unit == "1/s" else f"{number(value)} {unit}"


def plural(count: int, noun: str) -> str:
    """'1 record', '2 records'."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
