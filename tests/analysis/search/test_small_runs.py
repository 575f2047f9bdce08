"""``bakeoff scale``: runs of one job on one kind of machine, read as they are; what was not measured is not predicted."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.errors import SearchError
from analysis.report.figures import scaling as figure
from analysis.report.figures.canvas import Canvas
from analysis.search.scaling import fit as scaling
from analysis.search.scaling.small_runs import load_points
from infra.base.errors import UsageError
from infra.cli.app import app

HEAD = "machines,scale,runtime_s"
RUNS = [(m, s, 10 + 100 * s / m) for s in (1, 2) for m in (1, 2, 4, 8)]


def table(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(RUNS, columns=HEAD.split(",")).assign(**more)


def written(folder: Path, frame: pd.DataFrame) -> Path:
    frame.to_csv(folder / "runs.csv", index=False)
    return folder / "runs.csv"


@pytest.mark.parametrize(
    ("column", "cure"),
    [("workload", "--workload NAME"), ("job", "--workload NAME")]
    + [(column, "Keep the rows") for column in ("instance_type", "vcpus", "mem_gib", "region", "family", "cpu")],
)
def test_runs_that_are_not_of_one_kind_are_refused(tmp_path: Path, column: str, cure: str) -> None:
    mixed = table(**{column: ["grep"] * 4 + ["sgd"] * 4})
    with pytest.raises(SearchError, match=f"runs.csv has several under {column}: grep, sgd. .*{cure}"):
        load_points(written(tmp_path, mixed))


def test_what_grows_with_the_cluster_or_is_a_price_may_differ(tmp_path: Path) -> None:
    counts = [run[0] for run in RUNS]
    grown = table(executors=counts, spot_workers=counts, total_vcpus=counts, total_mem_gib=counts)
    runs, _ = load_points(written(tmp_path, grown.assign(price_node_h=RUNS[0][2] / np.arange(1, 9))))
    assert len(runs) == len(RUNS)


def test_no_workers_are_a_single_node(tmp_path: Path) -> None:
    runs, _ = load_points(written(tmp_path, table(machines=[0, 2, 4, 8] * 2).rename(columns={"machines": "workers"})))
    assert runs["machines"].tolist() == [1, 2, 4, 8] * 2


def test_the_runs_of_one_workload_can_be_chosen(tmp_path: Path) -> None:
    both = written(tmp_path, table(job=["grep"] * 4 + ["sgd"] * 4))
    runs, notes = load_points(both, "sgd")
    assert (runs["scale"].tolist(), notes) == ([2] * 4, [])
    with pytest.raises(SearchError, match=r"no runs of 'sort'. Known: grep, sgd\."):
        load_points(both, "sort")
    with pytest.raises(SearchError, match="--workload needs a column workload or job"):
        load_points(written(tmp_path, table()), "sgd")
    one_job = table(workload=["grep"] * 4 + ["sgd"] * 4, instance_type=["m5", "c5"] * 4)
    with pytest.raises(SearchError, match=r"several under instance_type: m5, c5. Keep the rows of one\."):
        load_points(written(tmp_path, one_job), "grep")


def test_failed_runs_are_left_out_and_counted(tmp_path: Path) -> None:
    path = written(tmp_path, table(completed=[True] * 7 + [False], runtime_s=[run[2] for run in RUNS[:7]] + [None]))
    words = ["scale", "--data", str(path), "--machines", "8"]
    printed = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert printed["notes"] == ["1 run that failed: left out"]
    assert printed["predictions"][0]["runtime_s"] == pytest.approx(22.5, rel=1e-3)
    assert "1 run that failed: left out" in CliRunner().invoke(app, words).stderr
    with pytest.raises(SearchError, match="no run that ended well"):
        load_points(written(tmp_path, table(completed=False)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.csv", b"", "r.csv is not a readable CSV table: No columns"),
        ("r.csv", f"{HEAD}\n1,1,9\n".encode("utf-16"), "r.csv is not a readable CSV table: 'utf-8' codec"),
        ("r.csv.gz", f"{HEAD}\n1,1,9\n".encode(), "r.csv.gz is not a readable CSV table: Not a gzipped file"),
        ("r.csv.gz", gzip.compress(b"1,2,3" * 99, mtime=0)[:-9], "r.csv.gz is not a readable CSV table: Compressed file ended"),
        ("r.csv", b"machines,seconds\n1,9\n", "needs the columns machines, scale and runtime_s; it has machines, sec"),
        ("r.csv", f"{HEAD}\n1,1,9\n\n2,1,12m 3s\n".encode(), "runtime_s of a run .* received 12m 3s in line 4 of r.csv"),
        ("r.csv", f"{HEAD}\n1,1,9\n2,,8\n".encode(), "scale of a run must be a number above 0; received nan in line 3"),
        ("r.csv", f"{HEAD}\n0,1,9\n".encode(), "machines of a run must be a number above 0; received 0 in line 2"),
        ("r.csv", b"workers,runtime_s\n-2,9\n", "workers of a run .* above 0, or 0 for a single node; received -2 in line 2"),
    ],
    ids=["empty", "utf-16", "not gzip", "cut off", "no machines", "words", "blank", "0 machines", "-2 workers"],
)  # fmt: skip
def test_a_table_that_cannot_be_right_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    result = CliRunner().invoke(app, ["scale", "--data", str(tmp_path / name), "--machines", "8"])
    assert isinstance(result.exception, UsageError), result.output
    with pytest.raises(UsageError, match=message):
        raise result.exception


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--machines", ""], "--machines takes numbers separated by commas; received ''"),
        (["--machines", "2", "--scales", ","], "--scales takes numbers separated by commas; received ','"),
        (["--machines", "2", "--scales", "inf"], "Scales must be numbers above 0; received inf"),
        (["--machines", "nan"], "Machines must be numbers of at least 1; received nan"),
        (["--machines", "0.1,2"], "Machines must be numbers of at least 1; received 0.1"),
        (["--machines", "2", "--workload", "grep"], "received grep without --data"),
        (["--machines", "2", "--plot", "fig"], "received fig without --data"),
        (["--machines", "2,4", "--budget", "0.1"], "a share above 0.3; received 0.1. Raise --budget"),
    ],
)
def test_wrong_use_is_named(tmp_path: Path, arguments: list[str], message: str) -> None:
    data = [] if "without" in message or "--budget" in arguments else ["--data", str(written(tmp_path, table()))]
    result = CliRunner().invoke(app, ["scale", *arguments, *data])
    assert isinstance(result.exception, UsageError), result.output
    assert message in str(result.exception)


def test_the_runs_to_make_come_with_what_to_do_with_them() -> None:
    result = CliRunner().invoke(app, ["scale", "--machines", "1,2,4", "--scales", "1,2"])
    assert result.exit_code == 0, result.output
    assert "give it with --data" in result.output


def test_what_never_changed_is_not_predicted_for_another_value(tmp_path: Path) -> None:
    runs, _ = load_points(written(tmp_path, table()[:4].drop(columns="scale")))
    assert scaling.scale_up(runs, [16.0], [1.0]).predictions
    with pytest.raises(SearchError, match=r"has the scale 1 \(so has a run without one\), so the effect of 10 was not"):
        scaling.scale_up(runs, [16.0], [1.0, 10.0])
    alone = table(machines=2, scale=range(1, 9))
    with pytest.raises(SearchError, match="has the number of machines 2, so the effect of 4 was not measured"):
        scaling.scale_up(alone, [4.0], [1.0])


def test_a_scale_far_beyond_the_runs_is_called_far() -> None:
    assert scaling.scale_up(table(), [4.0], [4.0]).verdict.endswith("on average")
    said = scaling.scale_up(table(), [32.0], [1000.0]).verdict
    assert "4.0 times the largest number of machines trained on is far" in said
    assert "500.0 times the largest scale trained on is far: check one such run" in said


def test_the_figure_names_no_run_that_there_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = list[str]()

    def save(sheet: Canvas, *_: object) -> None:
        named.extend(sheet.fig.axes[0].get_legend_handles_labels()[1])

    monkeypatch.setattr(Canvas, "save", save)
    figure.draw(scaling.scale_up(table(), [16.0], [10.0]), tmp_path / "fig")
    assert named == ["run, scale 1", "run, scale 2", "predicted, scale 10"]


def test_a_figure_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "scale_up", lambda *_: pytest.fail("it was fitted"))
    words = ["scale", "--data", str(written(tmp_path, table())), "--machines", "8"]
    result = CliRunner().invoke(app, [*words, "--plot", str(tmp_path / "runs.csv" / "fig")])
    assert isinstance(result.exception, UsageError), result.output
    assert "--plot must be a file in a folder that can be written" in str(result.exception)
