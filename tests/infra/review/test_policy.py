"""Policy findings: which of them the change brought, and what is said where nothing can be checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.review.comment import comment
from infra.review.policy import CHECKOV, compare_policy
from tests.support.policy_environment import install
from tests.support.repository import Repository

# Prints what a file of the tree under check holds, as checkov would print its report.
STAND_IN = """\
#!/bin/sh
for word in "$@"; do case $word in --*) ;; */infra) tree=$word ;; esac; done
cat "$tree/report.json"
exit {code}
"""
BUCKET = """\
resource "google_storage_bucket" "data" {
  name                        = "b"
  location                    = "US"
  uniform_bucket_level_access = true
}
"""


def check(number: int, resource: str = "google_storage_bucket.data", reason: str | None = None) -> dict[str, object]:
    result = {"result": "SKIPPED", "suppress_comment": reason} if reason else {"result": "FAILED"}
    return {
        "check_id": f"CKV_GCP_{number}",
        "check_name": f"Ensure number {number} | or <b>",
        "check_result": result,
        "resource": resource,
        "file_path": "/main.tf",
    }


def report(failed: list[dict[str, object]], skipped: list[dict[str, object]] | None = None) -> str:
    results = {"failed_checks": failed, "skipped_checks": skipped or [], "parsing_errors": []}
    return json.dumps({"results": results, "summary": {"passed": 7, "checkov_version": "3.0.0"}})


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "checkov"
    program.write_text(STAND_IN.format(code=1))
    program.chmod(0o755)
    monkeypatch.setattr("infra.review.review.CHECKOV", program)
    return program


def test_where_checkov_is_not_installed_that_is_said(repository: Repository) -> None:
    found = repository.review()
    assert found.policy.checked_with is None
    assert "Not checked: <code>checkov is not installed here" in comment(found)
    assert "Policy: **not checked**." in comment(found)


def test_findings_are_split_by_whether_the_change_brought_them(repository: Repository, stand_in: Path) -> None:
    repository.git("switch", "--quiet", "main")
    repository.write("infra/main.tf", BUCKET)
    repository.write("infra/report.json", report([check(1), check(2)]))
    repository.commit("before")
    repository.git("switch", "--quiet", "-C", "change")
    repository.write("infra/report.json", report([check(2), check(3)], [check(4, reason="not | needed")]))
    found = repository.review()
    policy = found.policy
    assert policy.checked_with == "checkov 3.0.0"
    assert [finding.check for finding in policy.new] == ["CKV_GCP_3"]
    assert [finding.check for finding in policy.old] == ["CKV_GCP_2"]
    assert [finding.check for finding in policy.resolved] == ["CKV_GCP_1"]
    assert [finding.reason for finding in policy.new_suppressions] == ["not | needed"]
    text = comment(found)
    assert (
        "| **new** | <code>CKV_GCP_3</code> | <code>google_storage_bucket.data</code><br><code>infra/main.tf</code> |"
        in text
    )
    assert "reason: <code>not &#124; needed</code>" in text
    assert "1 new, 1 that were there before, 1 resolved; 7 checks passed, 1 suppressed" in text
    assert "New policy findings: 1." in text


def test_a_checkov_that_fails_is_said_and_the_rest_given(repository: Repository, stand_in: Path) -> None:
    stand_in.write_text("#!/bin/sh\necho no memory left >&2\nexit 2\n")
    repository.write("infra/main.tf", BUCKET)
    found = repository.review()
    assert found.policy.unavailable == "checkov failed: no memory left"
    assert "### Checked with" in comment(found)


@pytest.mark.slow
def test_real_findings_and_a_real_suppression(repository: Repository, tmp_path: Path) -> None:
    install()
    empty = tmp_path / "empty"
    empty.mkdir()
    suppressed = BUCKET.replace("{", "{\n  #checkov:skip=CKV_GCP_62:no log of scratch data is kept", 1)
    repository.write("infra/main.tf", suppressed)
    policy = compare_policy(empty, repository.root, CHECKOV)
    assert policy.unavailable is None
    assert "CKV_GCP_114" in {finding.check for finding in policy.new}  # public access prevention
    assert "CKV_GCP_29" not in {finding.check for finding in policy.new}  # uniform access is set
    assert [(found.check, found.reason) for found in policy.new_suppressions] == [
        ("CKV_GCP_62", "no log of scratch data is kept")
    ]
    assert policy.new[0].file == "infra/main.tf"
    repository.write("infra/main.tf", 'resource "google')
    assert [found.check for found in compare_policy(empty, repository.root, CHECKOV).new] == ["unreadable"]
