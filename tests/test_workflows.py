"""The workflows: least privilege, no key, nothing unpinned, commands that exist, and a comment that is updated in place.

Their YAML is read by the environment of the policy checks, so these tests are slow where it has to be installed first.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from typer.testing import CliRunner

from infra.cli.app import app
from infra.review.comment import MARKER
from tests.support.policy_environment import read_yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
KEYLESS = {("ci.yml", "plan"), ("ci.yml", "review"), ("clean.yml", "clean")}
WRITERS = {("ci.yml", "comment"): {"pull-requests"}}
SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
# A script that talks to GitHub in the place of gh: it writes down what it is told, and knows these comments.
GH = """\
#!/bin/sh
printf '%s\\n' "$*" >> calls
case "$*" in *--paginate*) printf '%s' "$COMMENTS" ;; esac
"""


@functools.cache
def workflow(name: str) -> dict[str, Any]:
    read: dict[str, Any] = read_yaml(ROOT / ".github" / "workflows" / name)
    return read


def jobs() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path.name, name, job) for path in WORKFLOWS for name, job in workflow(path.name)["jobs"].items()]


def scripts() -> list[str]:
    return [step["run"] for _, _, job in jobs() for step in job["steps"] if "run" in step]


def test_the_promised_jobs_are_there() -> None:
    assert set(workflow("ci.yml")["jobs"]) == {"test", "python", "terraform", "policy", "review", "comment", "plan"}
    assert "schedule" in workflow("clean.yml")["on"]


def test_the_tests_run_on_every_python_that_the_project_admits() -> None:
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    tested = {*workflow("ci.yml")["jobs"]["python"]["strategy"]["matrix"]["python"]}
    for step in workflow("ci.yml")["jobs"]["test"]["steps"]:
        tested |= {step["with"]["python-version"]} if "setup-python" in step.get("uses", "") else set()
    assert tested == {f"3.{minor}" for minor in range(30) if SpecifierSet(stated).contains(f"3.{minor}")}


def test_no_job_may_more_than_it_needs() -> None:
    for path in WORKFLOWS:
        assert workflow(path.name)["permissions"] == {}, f"{path.name}: a job without permissions must have none"
    for file, name, job in jobs():
        written = {what for what, how in job["permissions"].items() if how == "write"}
        allowed = WRITERS.get((file, name), set()) | ({"id-token"} if (file, name) in KEYLESS else set())
        assert written == allowed, (file, name)
        assert set(job["permissions"]) <= allowed | {"contents"}, (file, name)


def test_code_of_a_fork_gets_neither_a_token_that_writes_nor_an_identity() -> None:
    for path in WORKFLOWS:
        assert set(workflow(path.name)["on"]) <= {"push", "pull_request", "schedule", "workflow_dispatch"}
    assert SAME_REPOSITORY in workflow("ci.yml")["jobs"]["comment"]["if"]
    assert SAME_REPOSITORY in workflow("ci.yml")["jobs"]["plan"]["if"]
    assert SAME_REPOSITORY in workflow("ci.yml")["jobs"]["review"]["env"]["SHARED"]


def test_the_review_reads_the_shared_records_where_a_variable_names_them(tmp_path: Path) -> None:
    (step,) = [
        step for step in workflow("ci.yml")["jobs"]["review"]["steps"] if "bakeoff review" in step.get("run", "")
    ]
    assert step["env"]["RUNS"] == "${{ env.SHARED == 'true' && vars.BAKEOFF_RUNS || '' }}"
    assert "vars.BAKEOFF_RUNS != ''" in workflow("ci.yml")["jobs"]["review"]["env"]["SHARED"]
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "bakeoff").write_text("#!/bin/sh\nprintf '%s ' \"$@\"\n")
    (tmp_path / ".venv" / "bin" / "bakeoff").chmod(0o755)
    for runs, told in (("gs://b/runs", "gs://b/runs"), ("", "runs")):
        command = ["bash", "-eo", "pipefail", "-c", step["run"]]
        environment = {"PATH": "/usr/bin:/bin", "BASE": "main", "RUNS": runs}
        said = subprocess.check_output(command, cwd=tmp_path, env=environment, text=True)
        assert said == f"review --base origin/main --out review.md --runs {told} "


def test_the_job_that_writes_runs_no_code_of_the_change() -> None:
    for file, name in WRITERS:
        steps = workflow(file)["jobs"][name]["steps"]
        assert not [step for step in steps if "checkout" in step.get("uses", "")]
        assert not re.search(r"\.venv|make |bakeoff (?!-)|\.ci/", " ".join(step.get("run", "") for step in steps))


def test_nothing_needs_a_key_or_a_secret() -> None:
    for path in WORKFLOWS:
        text = path.read_text()
        assert "secrets." not in text
        assert "credentials_json" not in text
        assert not re.search(r"BEGIN [A-Z ]*PRIVATE KEY|service_account_key|\.json\b", text)
    for file, name in KEYLESS:
        job = workflow(file)["jobs"][name]
        when = job["env"]["SHARED"] if name == "review" else job["if"]
        assert "vars.GCP_WORKLOAD_IDENTITY_PROVIDER != ''" in when
        (auth,) = [step for step in job["steps"] if "google-github-actions/auth" in step.get("uses", "")]
        assert set(auth["with"]) == {"workload_identity_provider", "service_account"}
        assert auth.get("if") == ("env.SHARED == 'true'" if name == "review" else None)
        assert "environment" not in job  # it would change the subject that the accounts trust


def test_actions_are_pinned_and_checkouts_keep_no_token() -> None:
    for file, name, job in jobs():
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"]), (file, name)
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] == "false", (file, name)
    for path in WORKFLOWS:
        for line in path.read_text().splitlines():
            assert "uses:" not in line or re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_scripts_take_what_comes_from_outside_from_the_environment() -> None:
    assert [script for script in scripts() if "${{" in script] == []


def test_every_command_exists() -> None:
    targets = [target for script in scripts() for target in re.findall(r"\bmake ([a-z-]+)", script)]
    assert {"test-terraform", "policy", "setup", "setup-gcp"} <= set(targets)
    for target in targets:
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    for path in re.findall(r"(?:^|\s)(\.ci/[\w.]+)", "\n".join(scripts())):
        assert os.access(ROOT / path, os.X_OK), path


@pytest.mark.parametrize("verb", ["review", "plan", "clean"])
def test_every_verb_is_there_with_its_options(verb: str) -> None:
    lines = [line for script in scripts() for line in script.splitlines() if f"bakeoff {verb}" in line]
    assert lines
    said = CliRunner(env={"COLUMNS": "240", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [verb, "--help"])
    assert said.exit_code == 0, said.output
    for line in lines:
        assert [word for word in re.findall(r"--[a-z-]+", line) if word not in said.output] == [], line


@pytest.mark.parametrize(
    ("comments", "method"), [("", "POST"), ("11", "PATCH"), ("11\n22", "PATCH")], ids=["none", "one", "two"]
)
def test_the_comment_is_written_once_and_then_updated_in_place(tmp_path: Path, comments: str, method: str) -> None:
    (step,) = [step for step in workflow("ci.yml")["jobs"]["comment"]["steps"] if "run" in step]
    assert step["env"]["MARKER"] == MARKER
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "review.md").write_text(f"{MARKER}\n## bakeoff review\n")
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "MARKER": MARKER, "NUMBER": "7", "COMMENTS": comments,
        "GITHUB_REPOSITORY": "o/r",
    }  # fmt: skip
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    looked, wrote = (tmp_path / "calls").read_text().splitlines()
    assert "repos/o/r/issues/7/comments" in looked
    assert f'startswith("{MARKER}")' in looked
    assert 'login == "github-actions[bot]"' in looked
    path = "repos/o/r/issues/7/comments" if method == "POST" else "repos/o/r/issues/comments/11"
    assert wrote == f"api --method {method} {path} --field body=@review.md --silent"


def test_a_text_that_is_no_review_is_not_posted(tmp_path: Path) -> None:
    (step,) = [step for step in workflow("ci.yml")["jobs"]["comment"]["steps"] if "run" in step]
    (tmp_path / "review.md").write_text("hello\n")
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]], cwd=tmp_path, env={"MARKER": MARKER, "PATH": "/usr/bin:/bin"}
    )
    assert done.returncode != 0
