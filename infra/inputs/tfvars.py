"""Read a ``.tfvars`` file as Terraform reads it, and refuse what Terraform refuses, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hcl2
from lark import Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

from infra.base.errors import UsageError


def read_tfvars(path: Path) -> dict[str, object]:
    """Values by name. A byte order mark of UTF-8 and any line ending are read, as by Terraform.

    Raises:
        UsageError: it cannot be read, is not UTF-8, is not HCL, or sets a name twice; the message names file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} must be UTF-8 text; byte {error.start + 1} is not. Save it as UTF-8, without UTF-16 or a local code page."
        ) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    options = hcl2.SerializationOptions(with_comments=False, strip_string_quotes=True)
    try:
        if twice := next(_repeated(hcl2.parses_to_tree(text + "\n")), None):
            name, first, second = twice
            raise UsageError(
                f"{path}, line {second}: {name} must be set once; it is set on line {first} already. Leave one of them out."
            )
        return dict(hcl2.loads(text + "\n", serialization_options=options))
    except UnexpectedInput as error:
        line = text.splitlines()[error.line - 1].strip() if 0 < error.line <= len(text.splitlines()) else ""
        what = f"this is not HCL: {line[:80]!r}" if line else "this is not HCL: it ends where more must follow"
        raise UsageError(f"{path}, line {error.line}: {what}. A line is name = value.") from error
    except LarkError as error:
        raise UsageError(f"{path} is not a readable .tfvars file: {str(error).splitlines()[0]}") from error


def _repeated(tree: Tree[Token]) -> Iterator[tuple[str, int, int]]:
    """Names that are set twice in one body or object, with both lines, outermost first."""
    for block, element in (("body", "attribute"), ("object", "object_elem")):
        for parent in tree.find_data(block):
            seen: dict[str, int] = {}
            for child in parent.children:
                if not isinstance(child, Tree) or child.data != element:
                    continue
                key = child.children[0]
                tokens = [*key.scan_values(lambda value: isinstance(value, Token))] if isinstance(key, Tree) else [key]
                name, line = "".join(tokens).strip('"'), tokens[0].line or 0
                if name in seen:
                    yield name, seen[name], line
                seen.setdefault(name, line)
