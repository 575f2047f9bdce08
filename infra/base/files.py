"""Files and folders of ours."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path


def remove_tree(path: Path) -> None:
    """Remove a file, link or folder; one that is not there is fine. Links are not followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
