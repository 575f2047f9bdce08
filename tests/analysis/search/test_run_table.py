"""A table of runs that cannot be right is refused, with the line, the value and what would do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.errors import SearchError
from analysis.search.core.problem import Objective
from analysis.search.core.recordings import Recording, load_recordings

TIME = Objective("time")
HEAD = "workload,nodes,runtime_s,completed\n"


def load(folder: Path, text: str, objective: Objective = TIME, features: list[str] | None = None) -> list[Recording]:
    (folder / "t.csv").write_text(text)
    return load_recordings(folder / "t.csv", objective, features)[0]


@pytest.mark.parametrize(
    ("yes", "no"),
    [("true", "FALSE"), ("1", "0"), ("1.0", "0.0"), ("Yes", "no"), ("y", "N"), ("T", "f"), (" true ", '" False"')],
)
def test_a_run_ended_well_or_failed_in_many_words(tmp_path: Path, yes: str, no: str) -> None:
    (one,) = load(tmp_path, f"{HEAD}w,2,10,{yes}\nw,4,20,{no}\n")
    assert [outcome.status for outcome in one.outcomes] == ["ok", "failed"]


@pytest.mark.parametrize(
    ("word", "received"), [("ok", "'ok'"), ("success", "'success'"), ("2", "'2'"), ("", "nothing")]
)
def test_any_other_word_is_not_taken_for_a_failure(tmp_path: Path, word: str, received: str) -> None:
    with pytest.raises(SearchError, match=f"true, yes, y, t or 1 .* received {received} in line 4"):
        load(tmp_path, f"{HEAD}w,2,10,True\n\nw,4,20,{word}\n")


def test_blank_lines_are_no_runs_and_move_no_line(tmp_path: Path) -> None:
    (one,) = load(tmp_path, "\n\nworkload,nodes,runtime_s\n1,2,10\n\n1,4,20\n  \n\n")
    assert (one.workload, one.candidates.names) == ("1", ("2", "4"))
    with pytest.raises(SearchError, match="received -1 for workload 'w' in line 7"):
        load(tmp_path, '\nworkload,nodes,runtime_s,why\nw,2,10,"in\ntwo lines"\n\n\nw,4,-1,\n')


@pytest.mark.parametrize("head", ["workload,nodes,runtime_s", "workload,app,nodes,runtime_s", "job,nodes,runtime_s"])
@pytest.mark.parametrize("name", ["", "  "])
def test_a_run_of_no_workload_is_refused(tmp_path: Path, head: str, name: str) -> None:
    app = ",a" if "app" in head else ""
    with pytest.raises(SearchError, match="must name its workload; line 3 names none"):
        load(tmp_path, f"{head}\nw{app},2,10\n{name}{app},4,20\n")


@pytest.mark.parametrize(
    "name", ["runtime_s", "cost_usd", "completed", "workload", "app", "m_cpu_pct", "max_mem_pct", "accuracy"]
)
def test_no_feature_tells_the_answer(tmp_path: Path, name: str) -> None:
    text = "workload,app,nodes,runtime_s,cost_usd,completed,m_cpu_pct,max_mem_pct,accuracy\nw,a,2,10,1,true,3,4,0.5\n"
    with pytest.raises(SearchError, match=f"--features: '{name}' says which job ran or what its run showed"):
        load(tmp_path, text, features=["nodes", name])


def test_a_feature_named_twice_is_there_once(tmp_path: Path) -> None:
    (one,) = load(tmp_path, "workload,nodes,mode,runtime_s\nw,2,x,10\n", features=["mode", "nodes", "mode"])
    assert list(one.candidates.features) == ["mode", "nodes"]


def test_blanks_around_names_and_values_do_not_count(tmp_path: Path) -> None:
    (one,) = load(tmp_path, 'workload , nodes, instance_type, runtime_s\nw, 2, "m, large", 10\n')
    assert (one.workload, one.candidates.names) == ("w", ("2 x m, large",))


@pytest.mark.parametrize("name", ["NA", "null", "None", "01"])
@pytest.mark.parametrize("head", ["workload", "job", "workload ", "workload,app"])
def test_any_word_is_a_name_and_blanks_around_it_do_not_count(tmp_path: Path, head: str, name: str) -> None:
    names = f'"{name} ","{name} "' if "app" in head else f'"{name} "'
    (one,) = load(tmp_path, f"{head},nodes,runtime_s\n{names},2,10\n{names.replace(' ', '')},4,20\n")
    assert (one.workload, one.app, len(one.candidates)) == (name, name, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workload;nodes;runtime_s\nw;2;10\nw;4;10,5\n", "look separated by ';'.*Separate them by commas"),
        ("workload\tnodes\truntime_s\nw\t2\t10\n", r"look separated by '\\t'"),
        ("workload,nodes,runtime_s,runtime_s\nw,2,10,20\n", "2 columns 'runtime_s'. Rename or remove"),
        ("workload,nodes, nodes,runtime_s\nw,2,4,20\n", "2 columns 'nodes'"),
        ("workload,nodes,runtime_s\nw,2,10,7\n", "more values than its header has names"),
        ("", "not a readable CSV table"),
    ],
)
def test_a_table_that_reads_as_another_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SearchError, match=message):
        load(tmp_path, text)


def test_the_columns_that_are_named_are_those_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(SearchError, match=r"price_node_h would do.*Its columns: job, nodes, runtime_s[.]"):
        load(tmp_path, "job,nodes,runtime_s\nw,2,10\n", Objective("cost"))


@pytest.mark.parametrize("column", ["nodes", "workers"])
def test_a_single_node_has_a_price(tmp_path: Path, column: str) -> None:
    (one,) = load(
        tmp_path, f"workload,{column},price_node_h,runtime_s\nw,0,0.5,3600\nw,2,0.5,3600\n", Objective("cost")
    )
    assert [outcome.values["cost_usd"] for outcome in one.outcomes] == [0.5, 1.0]
    assert one.candidates.usd_per_hour == (0.5, 1.0)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("price_node_h", "0", "price_node_h of a completed run must be a number above 0; received 0.0"),
        ("nodes", "four", "nodes of a completed run must be a number of at least 0; received four"),
        ("nodes", "-2", "nodes of a completed run must be a number of at least 0; received -2.0"),
        ("price_node_h", "cheap", "price_node_h .* received cheap"),
        ("accuracy", "good", "accuracy of a completed run must be a number; received good"),
        ("requests_per_usd", "-1", "requests_per_usd .* above 0; received -1.0"),
        ("runtime_s", "", "runtime_s .* above 0; received nan"),
        ("cost_usd", "0", "cost_usd .* above 0; received 0.0"),
    ],
)
def test_what_a_completed_run_cannot_have_measured_is_refused(
    tmp_path: Path, column: str, value: str, message: str
) -> None:
    frame = pd.DataFrame({"workload": "w", "nodes": [2, 4], "runtime_s": "10", "cost_usd": "1"})
    with pytest.raises(SearchError, match=f"{message} for workload 'w' in line 3"):
        load(tmp_path, frame.assign(**{column: ["0.5", value]}).to_csv(index=False))


def test_a_price_may_be_blank_and_that_of_a_failed_run_wrong(tmp_path: Path) -> None:
    rows = "w,m,2,10,1,true,\nw,m,2,11,1,true,0.5\nw,m,2,0,0,false,0\n"
    (tmp_path / "t.csv").write_text(f"workload,vm,nodes,runtime_s,cost_usd,completed,price_node_h\n{rows}")
    (one,), notes = load_recordings(tmp_path / "t.csv", TIME)
    assert len(one.candidates) == 1
    assert any("price_node_h of one configuration is missing in some of its runs" in note for note in notes)
