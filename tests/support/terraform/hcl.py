"""Terraform files as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hcl2


def blocks(path: Path, kind: str) -> dict[str, dict[str, Any]]:
    options = hcl2.SerializationOptions(with_comments=False, strip_string_quotes=True, explicit_blocks=False)
    found = hcl2.loads(path.read_text(encoding="utf-8"), serialization_options=options).get(kind, [])
    return {name.strip('"'): body for block in found for name, body in block.items()}
