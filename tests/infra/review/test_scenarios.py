"""Which scenarios a review finds added, removed, changed or broken, what they cost, and that it leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.base.errors import UsageError
from infra.base.progress import Silent
from infra.catalogue.pricing import usd_per_hour
from infra.cli.app import app
from infra.inputs.scenario import load_scenario
from infra.records import store as shared_runs
from infra.records.store import RunStore
from infra.review.comment import MARKER, comment
from infra.review.markdown import code
from infra.review.review import Review, review
from infra.review.scenarios import ScenarioChange
from tests.support.analysis import factory
from tests.support.repository import REGION, Repository


def kinds(review: Review) -> dict[str, str]:
    return {change.name: change.kind for change in review.scenarios}


def one(review: Review, name: str) -> ScenarioChange:
    return next(change for change in review.scenarios if change.name == name)


def section(text: str, heading: str) -> str:
    return text.split(f"### {heading}\n")[1].split("\n### ", maxsplit=1)[0]


def test_nothing_changed(repository: Repository) -> None:
    found = repository.review()
    assert kinds(found) == {"four": "same", "six": "same"}
    assert (found.files, found.experiments, found.configuration.diffs) == ([], [], [])
    text = comment(found)
    assert text.startswith(f"{MARKER}\n")
    assert "none changed" in text
    assert "No scenario costs more or less" in text


def test_added_removed_and_changed_whether_committed_or_not(repository: Repository) -> None:
    repository.shape("four", 5)
    repository.commit("one more worker")
    repository.shape("eight", 8)  # not yet known to git
    repository.remove("infra/scenarios/six.tfvars")
    found = repository.review()
    assert kinds(found) == {"eight": "added", "four": "changed", "six": "removed"}
    assert one(found, "four").fields == {"workers": (4, 5)}
    assert {file.path: file.status for file in found.files} == {
        "infra/scenarios/eight.tfvars": "A",
        "infra/scenarios/four.tfvars": "M",
        "infra/scenarios/six.tfvars": "D",
    }
    rows = section(comment(found), "Scenarios")
    assert "| <code>four</code> | changed | <code>workers</code> <code>4</code> → <code>5</code> |" in rows
    assert "| <code>eight</code> | added |" in rows
    assert "| <code>six</code> | removed |" in rows


def test_cost_per_hour_before_and_after(repository: Repository) -> None:
    before = usd_per_hour(load_scenario("four", repository.root / "infra" / "scenarios"), REGION)
    repository.shape("four", 8)
    after = usd_per_hour(load_scenario("four", repository.root / "infra" / "scenarios"), REGION)
    found = repository.review()
    assert list(one(found, "four").usd_per_hour) == pytest.approx([before, after])
    rows = section(comment(found), "Cost per hour")
    change = f"+{after - before:.3f} (+{(after / before - 1) * 100:.1f} %)"
    assert f"| <code>four</code> | {before:.3f} | {after:.3f} | {change} |" in rows
    assert "<code>six</code>" not in rows


def test_a_new_price_list_shows_where_no_scenario_changed(repository: Repository) -> None:
    prices = repository.root / "infra" / "catalogue" / "prices.csv"
    lines = prices.read_text().splitlines()
    changed = [
        line.replace(line.split(",")[3], "1.0") if line.startswith("machine,n1-standard-2") else line for line in lines
    ]
    prices.write_text("\n".join(changed) + "\n")
    found = repository.review()
    assert kinds(found) == {"four": "price", "six": "price"}
    before, after = one(found, "four").usd_per_hour
    assert before is not None
    assert after is not None
    assert before < 1 < 5 < after  # five machines at one dollar
    assert found.configuration.planned == 0  # prices are nothing that Terraform reads


def test_a_comment_in_a_scenario_is_no_change_of_shape(repository: Repository) -> None:
    path = repository.root / "infra" / "scenarios" / "four.tfvars"
    path.write_text("# Why: because.\n" + path.read_text())
    found = repository.review()
    assert kinds(found)["four"] == "text"
    assert "| <code>four</code> | comments only | - |" in comment(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("workers = [[[", "is not HCL"),
        ("workers = 1\n", "is missing"),
        (None, "workers must be 0"),
    ],
)
def test_a_scenario_broken_by_the_change_is_named(repository: Repository, text: str | None, said: str) -> None:
    if text is None:
        repository.shape("four", 1)
    else:
        repository.write("infra/scenarios/four.tfvars", text)
    found = repository.review()
    assert said in one(found, "four").problems["after"]
    assert str(repository.root) not in comment(found)
    assert "**broken after**" in section(comment(found), "Scenarios")
    assert "**1 broken**" in comment(found)
    assert "| rules of scenarios | <code>bakeoff</code> | **broken**: <code>four</code> |" in comment(found)


def test_a_scenario_that_was_broken_before_is_named_too(repository: Repository) -> None:
    repository.git("switch", "--quiet", "main")
    repository.shape("four", 1)
    repository.commit("break")
    repository.git("switch", "--quiet", "--create", "mend")
    repository.shape("four", 4)
    found = repository.review()
    assert list(one(found, "four").problems) == ["before"]
    assert kinds(found)["four"] == "changed"
    assert "**broken before**" in comment(found)
    assert one(found, "four").usd_per_hour[0] is None


def test_what_others_did_on_the_base_since_is_not_shown_as_undone(repository: Repository) -> None:
    repository.git("switch", "--quiet", "main")
    repository.shape("nine", 9)
    repository.commit("meanwhile")
    repository.git("switch", "--quiet", "change")
    repository.shape("four", 5)
    found = repository.review()
    assert kinds(found) == {"four": "changed", "six": "same"}
    assert found.base.commit == repository.git("rev-parse", "main~1").strip()


def test_without_a_common_ancestor_the_base_itself_is_used_and_that_is_said(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--orphan", "alone")
    repository.shape("four", 4)
    repository.commit("start anew")
    found = repository.review()
    assert found.base.commit == repository.git("rev-parse", "main").strip()
    assert "no common ancestor" in comment(found)


@pytest.mark.parametrize("base", ["nowhere", "--upload-pack=x", "main:infra", ""])
def test_an_unknown_base_is_refused_with_the_cure(repository: Repository, base: str) -> None:
    with pytest.raises(UsageError, match=r"--base must be a branch, tag or commit.*git fetch"):
        repository.review(base)


def test_a_folder_without_git_is_refused(tmp_path: Path, repository: Repository) -> None:
    (repository.root / ".git").rename(tmp_path / "away")
    with pytest.raises(UsageError, match="not a git repository"):
        repository.review()


def test_a_review_leaves_nothing_behind(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    repository.shape("four", 5)
    before = sorted(str(path) for path in repository.root.rglob("*"))
    status = repository.git("status", "--porcelain")
    repository.review()
    assert list(folder.iterdir()) == []
    assert sorted(str(path) for path in repository.root.rglob("*")) == before
    assert repository.git("status", "--porcelain") == status
    assert len(repository.git("worktree", "list").splitlines()) == 1


def test_the_verb_writes_a_file_and_says_everything_as_json(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.cli.review.PROJECT_DIR", repository.root)
    repository.shape("four", 5)
    out = tmp_path / "comment.md"
    done = CliRunner().invoke(app, ["review", "--base", "main", "--out", str(out), "--json", "--runs", str(tmp_path)])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert out.read_text().startswith(MARKER)
    four = next(change for change in said["scenarios"] if change["name"] == "four")
    assert (four["kind"], four["fields"]) == ("changed", {"workers": [4, 5]})
    plain = CliRunner().invoke(app, ["review", "--base", "main", "--runs", str(tmp_path)])
    assert plain.stdout == out.read_text()


def test_past_records_come_from_a_shared_place_too(
    repository: Repository, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("four", "six"):
        shape = load_scenario(name, repository.root / "infra" / "scenarios")
        made = factory.run_json(run_s=36.0, configuration={"image_size": 192})
        factory.write(tmp_path / "theirs", made | {"scenario": shape.model_dump(), "cell": name})
    (tmp_path / "theirs" / "demo" / "four" / "eventlog.jsonl").write_text("a hundred megabytes")
    assert shared_runs.push(tmp_path / "theirs", f"{bucket}/team") == 2 * 5 + 1
    monkeypatch.setattr("infra.cli.review.PROJECT_DIR", repository.root)
    monkeypatch.setattr("infra.records.store.CACHE_DIR", tmp_path / "cache")
    repository.shape("four", 5)
    done = CliRunner().invoke(app, ["review", "--base", "main", "--json", "--runs", f"{bucket}/team/"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["records"] == f"{bucket}/team"
    (demo,) = said["experiments"]
    assert [cell["before"]["records"] for cell in demo["cells"]] == [1, 1]
    assert {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()} == {"run.json"}
    monkeypatch.setattr(shared_runs, "push", lambda *_: pytest.fail("a review changes nothing"))
    text = CliRunner().invoke(app, ["review", "--base", "main", "--runs", f"{bucket}/team"]).stdout
    assert f"past records of {code(f'{bucket}/team')} x" in text


def test_an_unknown_region_is_refused(repository: Repository) -> None:
    with pytest.raises(UsageError, match="Unknown region 'us-nowhere1'"):
        review(repository.root, "main", RunStore(str(repository.root)), "us-nowhere1", Silent())
