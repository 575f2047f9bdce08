"""Where things lie. Everything that bakeoff writes is under the runs folder or ``.cache/`` of the checkout."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2]
CACHE_DIR = PROJECT_DIR / ".cache"
SCENARIOS_DIR = PROJECT_DIR / "infra" / "scenarios"
EXPERIMENTS_DIR = PROJECT_DIR / "infra" / "experiments"
SPACES_DIR = PROJECT_DIR / "infra" / "spaces"


def default_runs() -> str:
    """``$BAKEOFF_RUNS``, a folder or a gs:// prefix, else ``runs/`` of the checkout."""
    return os.environ.get("BAKEOFF_RUNS") or str(PROJECT_DIR / "runs")


def leases_dir(runs_dir: Path) -> Path:
    """Folder that holds one directory per lease."""
    return runs_dir / "leases"
