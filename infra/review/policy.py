"""Policy findings: what checkov says of the Terraform, in an environment of its own that ``make policy`` makes.

Checkov needs some ninety packages, many of which would clash with those of this project. It looks at files only: nothing is
fetched and nothing sent (``.ci/checkov.yaml``).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from infra.base import paths

CHECKOV = paths.CACHE_DIR / "policy" / "bin" / "checkov"
OPTIONS = paths.PROJECT_DIR / ".ci" / "checkov.yaml"
TERRAFORM = Path("infra")
TIMEOUT_S = 300


class Finding(BaseModel):
    """One check on one resource: failed, or suppressed beside the code for a reason."""

    model_config = ConfigDict(frozen=True)

    check: str  # such as CKV_GCP_114
    title: str
    resource: str
    file: str  # from the root of the tree
    reason: str | None = None  # of a suppression


class Policy(BaseModel):
    """What is found in the tree under review, split by whether the change brought it."""

    model_config = ConfigDict(frozen=True)

    checked_with: str | None  # None: it could not be checked, for the reason in ``unavailable``
    unavailable: str | None = None
    passed: int = 0
    new: list[Finding] = []
    old: list[Finding] = []
    resolved: list[Finding] = []
    new_suppressions: list[Finding] = []
    suppressions: int = 0


class _Report(BaseModel):
    version: str
    passed: int
    failed: list[Finding]
    skipped: list[Finding]


def compare_policy(before: Path, after: Path, checkov: Path) -> Policy:
    """Findings in both trees. Where checkov is not installed or fails, that is said instead of findings."""
    if not checkov.is_file():
        return Policy(checked_with=None, unavailable="checkov is not installed here; 'make policy' installs it")
    try:
        old, new = _check(checkov, before), _check(checkov, after)
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        return Policy(checked_with=None, unavailable=f"checkov failed: {str(error) or type(error).__name__}")
    return Policy(
        checked_with=f"checkov {new.version}",
        passed=new.passed,
        new=[finding for finding in new.failed if finding not in old.failed],
        old=[finding for finding in new.failed if finding in old.failed],
        resolved=[finding for finding in old.failed if finding not in new.failed],
        new_suppressions=[finding for finding in new.skipped if finding not in old.skipped],
        suppressions=len(new.skipped),
    )


def _check(checkov: Path, tree: Path) -> _Report:
    if not any((tree / TERRAFORM).rglob("*.tf")):
        return _Report(version="", passed=0, failed=[], skipped=[])
    command = [str(checkov), "--config-file", str(OPTIONS), "--directory", str(tree / TERRAFORM), "--output", "json"]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("BC_", "CKV_", "PRISMA_"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, env=quiet, cwd=tree)
    if done.returncode not in (0, 1):  # 1: there are findings
        raise ValueError(done.stderr.strip()[-500:] or f"exit code {done.returncode}")
    said = json.loads(done.stdout)
    results = said.get("results", {})
    unread = [
        Finding(
            check="unreadable", title="This file cannot be parsed", resource="", file=str(path).replace(f"{tree}/", "")
        )
        for path in results.get("parsing_errors", [])
    ]
    summary = said.get("summary", said)
    return _Report(
        version=summary["checkov_version"],
        passed=summary["passed"],
        failed=[*unread, *(_finding(item) for item in results.get("failed_checks", []))],
        skipped=[_finding(item) for item in results.get("skipped_checks", [])],
    )


def _finding(item: dict[str, Any]) -> Finding:
    return Finding(
        check=item["check_id"],
        title=item["check_name"],
        resource=item["resource"],
        file=f"{TERRAFORM}{item['file_path']}",
        reason=item["check_result"].get("suppress_comment"),
    )
