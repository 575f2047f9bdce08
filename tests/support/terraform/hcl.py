"""Terraform files as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hcl2


def blocks(path: Path, kind: str, *labels: str) -> dict[str, dict[str, Any]]:
    """Blocks of a file by their last label: ``blocks(path, "resource", "google_storage_bucket")``."""
    options = hcl2.SerializationOptions(with_comments=False, strip_string_quotes=True, explicit_blocks=False)
    found = hcl2.loads(path.read_text(encoding="utf-8"), serialization_options=options).get(kind, [])
    for label in labels:
        found = [block[label] for block in found if label in block]
    return {name.strip('"'): body for block in found for name, body in block.items()}
