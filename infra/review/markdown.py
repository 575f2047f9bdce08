"""Markdown that foreign text cannot break out of, within the size that GitHub takes.

Names and messages come from the change under review. :func:`code` writes them so that nothing in them is markup, a link
or a mention, and that no invisible character hides in them. All that it returns is ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

GITHUB_LIMIT = 65_536
"""Characters in the body of a comment. Source: the API's refusal, "body is too long (maximum is 65536 characters)"."""

LONGEST_TEXT = 400  # of one foreign text
_MORE = "\n{left} more {unit} left out, since a comment holds {limit:,} characters; {command} shows all.\n"

# What is left as it is. An underscore or a dot can only begin markup or a link at the edge of a word or after "www".
_MARKUP = re.compile(r"[^A-Za-z0-9 ,.()=/_-]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=[Ww]{2})[Ww]")


class Section(NamedTuple):
    """A part of the comment: its beginning, then items of which the last ones may be left out, then its end."""

    head: str
    items: tuple[str, ...] = ()
    unit: str = "lines"
    tail: str = ""


def code(text: object, longest: int = LONGEST_TEXT) -> str:
    """Foreign text in one line, as it is, in the type of code; fit for a cell of a table."""
    line = " ".join(str(text).split())
    visible = "".join(f"U+{ord(c):04X}" if unicodedata.category(c)[0] == "C" else c for c in line)
    if len(visible) > longest:
        visible = visible[: longest - 3] + "..."
    escaped = _MARKUP.sub(lambda found: f"&#{ord(found[0])};", visible)
    return f"<code>{escaped}</code>"  # no mention and no reference to an issue is made of what is in code


def row(*cells: str) -> str:
    """One row of a table, of cells that are Markdown."""
    return "| " + " | ".join(cells) + " |\n"


def table(headings: Iterable[str], right: Iterable[str] = ()) -> str:
    """Head of a table; the columns in ``right`` are set to the right."""
    names, right = list(headings), set(right)
    return row(*names) + row(*("---:" if name in right else "---" for name in names))


def fenced(lines: Iterable[str], language: str = "") -> str:
    """Lines in a block of code, with a fence longer than any within."""
    body = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}\n"


def folded(summary: str, body: str) -> str:
    """A part that opens on a click. ``summary`` is HTML, such as :func:`code` gives."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n</details>\n"


def assemble(sections: list[Section], command: str, limit: int = GITHUB_LIMIT) -> str:
    """All sections in their order. Where they do not fit, the longest are cut at an item, and name what shows all.

    What every section needs is set aside first; the rest is shared, and what a short one does not use is the others'.
    """

    def more(section: Section, left: int) -> str:
        return _MORE.format(left=left, unit=section.unit, limit=limit, command=code(command)) if left else ""

    room = limit - sum(len(s.head) + len(s.tail) + len(more(s, len(s.items))) for s in sections)
    texts = [""] * len(sections)
    by_length = sorted(range(len(sections)), key=lambda i: sum(map(len, sections[i].items)))
    for done, i in enumerate(by_length):
        section = sections[i]
        share = room // (len(sections) - done)
        kept = 0
        used = 0
        while kept < len(section.items) and used + len(section.items[kept]) <= share:
            used += len(section.items[kept])
            kept += 1
        room -= used
        end = section.tail + more(section, len(section.items) - kept)
        texts[i] = section.head + "".join(section.items[:kept]) + end
    return "".join(texts)
