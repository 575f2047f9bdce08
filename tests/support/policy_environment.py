"""The environment of the policy checks, for tests that need what is in it: checkov, zizmor, and a reader of YAML."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from infra.base.paths import CACHE_DIR, PROJECT_DIR

PYTHON = CACHE_DIR / "policy" / "bin" / "python"


def install() -> None:
    """Install it, unless it is there. About a minute the first time."""
    done = subprocess.run([PROJECT_DIR / ".ci" / "setup.sh", "policy"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def read_yaml(path: Path) -> Any:
    """A YAML file, by the reader that checkov brings: this environment has none."""
    install()
    program = "import json, sys, yaml; print(json.dumps(yaml.load(sys.stdin, yaml.BaseLoader)))"
    done = subprocess.run([PYTHON, "-c", program], input=path.read_text(), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
