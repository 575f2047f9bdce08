"""What is suppressed is suppressed for a reason, and the policy checks find nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TERRAFORM = sorted(path for path in (ROOT / "infra").rglob("*.tf") if ".terraform" not in path.parts)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
WORDS = 3  # a reason has at least


def unjustified(text: str) -> list[str]:
    """Suppressions without a reason of some words."""
    found = []
    for line in text.splitlines():
        for comment in re.findall(r"#\s*((?:checkov:skip|bridgecrew:skip|zizmor:\s*ignore|tfsec:|trivy:).*)", line):
            reason = re.sub(r"^(?:[\w-]+:\s*skip=\w+(?:,\w+)*:?|zizmor:\s*ignore\[[\w,-]+\])", "", comment).strip()
            if len(reason.split()) < WORDS or comment.startswith(("tfsec", "trivy")):
                found.append(line.strip())
    return found


@pytest.mark.parametrize("path", [*TERRAFORM, *WORKFLOWS], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_suppression_has_a_reason(path: Path) -> None:
    assert unjustified(path.read_text()) == []


@pytest.mark.parametrize(
    ("line", "well"),
    [
        ("  #checkov:skip=CKV_GCP_62:the log bucket keeps no log of itself", True),
        ("  # checkov:skip=CKV_GCP_62", False),
        ("  # checkov:skip=CKV_GCP_62:", False),
        ("  # checkov:skip=CKV_GCP_62: ok", False),
        ("  uses: a/b@v1 # zizmor: ignore[unpinned-uses] first party of the runner itself", True),
        ("  uses: a/b@v1 # zizmor: ignore[unpinned-uses]", False),
        ("  # tfsec:ignore:x because of good reasons", False),  # nothing here reads it
    ],
)
def test_a_suppression_without_a_reason_is_seen(line: str, well: bool) -> None:
    assert (unjustified(line) == []) is well


def test_nothing_is_suppressed_for_all_files_at_once() -> None:
    options = (ROOT / ".ci" / "checkov.yaml").read_text()
    assert "skip-check" not in options
    assert "baseline" not in options
    assert not list((ROOT / ".github").rglob("zizmor.y*ml"))
    assert not list(ROOT.glob("zizmor.y*ml"))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_policy_holds() -> None:
    done = subprocess.run(["make", "--no-print-directory", "policy"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
