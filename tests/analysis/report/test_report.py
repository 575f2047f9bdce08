"""The page: what it shows is what was computed, it loads nothing, and it does not break on thin records."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis.errors import NoRecordsError
from analysis.records.runs import newest_experiment
from analysis.report.figures.nodes import with_gaps
from analysis.report.write import Report, build
from tests.support.analysis import factory
from tests.support.analysis.drawing import leave_out_figures, leave_png_empty

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Checks that tags nest, and gathers text, ids and everything that could be loaded."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if identity := named.get("id"):
            self.ids.append(identity)
        self.loads += [str(named[k]) for k in ("src", "srcset", "xlink:href", "data", "poster") if k in named]
        if tag in ("link", "script", "iframe", "object", "embed", "base"):
            self.loads.append(tag)
        if tag == "a":
            self.links.append(str(named["href"]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def built(tmp_path: Path) -> tuple[Report, Page]:
    report = build(tmp_path, "demo", tmp_path / "out", now=NOW)
    return report, Page(report.page.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Page]:
    root = tmp_path_factory.mktemp("demo")
    factory.demo(root)
    with pytest.MonkeyPatch.context() as patch:
        leave_png_empty(patch)
        return built(root)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_out_figures(monkeypatch)


@pytest.fixture
def svg_only(monkeypatch: pytest.MonkeyPatch) -> None:
    leave_png_empty(monkeypatch)


def test_numbers_shown_are_those_computed(demo: tuple[Report, Page]) -> None:
    report, page = demo
    for shown in (
        "42.0 s",
        "40.0 to 44.0 s",
        "$0.00723",
        "$0.0241",
        "7.14",
        "4,830",
        "2026-01-02 03:04 UTC",
        "12 records",
    ):
        assert shown in page.text, shown
    assert "3 repeats on 1 lease each: a first look, not a verdict" in page.text
    rows = list(csv.DictReader((report.page.parent / "tables" / "results.csv").open()))
    row = next(
        r for r in rows if (r["scenario"], r["workload"], r["metric"]) == ("four-small-ssd", "write_tfrecords", "run_s")
    )
    assert (row["n"], float(row["median"]), row["unit"]) == ("3", 42.0, "s")
    json.dumps(report.summary, allow_nan=False)


def test_page_is_self_contained(demo: tuple[Report, Page]) -> None:
    report, page = demo
    html = report.page.read_text(encoding="utf-8")
    assert all(load.startswith("#") for load in page.loads), page.loads
    assert not re.search(r"@import|url\((?!#)", html)
    assert set(re.findall(r"https?://[^\"' <]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (report.page.parent / link).is_file(), link
    for target in re.findall(r"url\(#([^)]+)\)", html):
        assert target in page.ids


def test_figures_lie_beside_the_page_as_svg_and_png(demo: tuple[Report, Page]) -> None:
    folder = demo[0].page.parent / "figures"
    names = {path.stem for path in folder.glob("*.svg")}
    assert names == {path.stem for path in folder.glob("*.png")}
    quantities = ("cpu", "packets", "disk")
    assert names == {"throughput", "time-and-cost", "stages"} | {
        f"nodes-{w}-{q}" for w in ("read-speed", "write-tfrecords") for q in quantities
    } | {f"{kind}-{i}" for kind in ("frontier", "scaling") for i in (1, 2)} | {
        f"{kind}-{i}" for kind in ("parameters", "regressions") for i in (1, 2)
    }
    assert "46.7 times the rate of image files" in (folder / "throughput.svg").read_text()
    assert "logarithmic axis" in (folder / "throughput.svg").read_text()


@pytest.mark.slow
def test_same_records_give_the_same_page(tmp_path: Path) -> None:
    factory.demo(tmp_path, repeats=1)
    first = build(tmp_path, "demo", tmp_path / "a", now=NOW)
    second = build(tmp_path, "demo", tmp_path / "b", now=NOW)
    for path in sorted(p for p in first.page.parent.rglob("*") if p.is_file()):
        twin = second.page.parent / path.relative_to(first.page.parent)
        assert path.read_bytes() == twin.read_bytes(), path.name


@pytest.mark.usefixtures("undrawn")
def test_failed_damaged_and_rejected_are_named(tmp_path: Path) -> None:
    factory.write(tmp_path, factory.run_json("one-large-ssd"), rejected=[])
    factory.write(tmp_path, factory.run_json(repeat=4, status="invalid", reason="the sampler died <early> & often"))
    rejected = [{"name": "roses/x.jpg", "reason": "truncated"}]
    factory.write(tmp_path, factory.run_json(repeat=6), rejected=rejected)
    (tmp_path / "demo" / "half").mkdir()
    report, page = built(tmp_path)
    assert "the sampler died <early> & often" in page.text
    assert "the sampler died &lt;early&gt; &amp; often" in report.page.read_text()
    assert "demo/half" in page.text
    assert "run.json is missing" in page.text
    assert "1 × truncated" in page.text
    assert "roses/x.jpg" in page.text


@pytest.mark.usefixtures("svg_only")
def test_one_scenario_one_repeat_without_isolation(tmp_path: Path) -> None:
    record = factory.run_json(isolation=factory.NONE, share=None)
    rows = [factory.measurement(7.5, operation="write", format="tfrecord")]
    factory.write(tmp_path, record, measurements=rows, nodes=factory.samples(record), rejected=[])
    _, page = built(tmp_path)
    assert "One shape was measured, and its nodes were not fully kept apart" in page.text
    assert "CPU is not limited: this needs root." in page.text
    assert "host cores in use" in page.text
    assert "No disk was probed" in page.text


@pytest.mark.usefixtures("svg_only")
def test_own_job_without_images_or_samples(tmp_path: Path) -> None:
    for scenario in ("four-small-ssd", "one-large-ssd"):
        factory.write(tmp_path, factory.run_json(scenario, "job", run_s=33.0))
    _, page = built(tmp_path)
    assert "33.0 s" in page.text
    assert "Task time, all executors" in page.text
    assert "No node was sampled" in page.text
    assert "Not measured on any of these shapes, or not defined for this workload: Throughput" in page.text


@pytest.mark.usefixtures("svg_only")
def test_reads_without_writes_and_a_peak_that_is_cut_are_drawn_and_said(tmp_path: Path) -> None:
    for scenario in ("four-small-ssd", "one-large-ssd"):
        record = factory.run_json(scenario, missing=["writes cannot be counted"])
        rows = [{**row, "disk_write_ops_s": None} for row in factory.samples(record)]
        if scenario == "four-small-ssd":
            rows[1]["cpu_ratio"] = 4.59  # node m, before the first task
        factory.write(tmp_path, record, nodes=rows)
    report, page = built(tmp_path)
    figures = report.page.parent / "figures"
    assert "Reads only: writes could not be counted" in page.text
    assert "(writes not counted)" in (figures / "nodes-write-tfrecords-disk.svg").read_text()
    assert page.text.count("Writes cannot be counted. (in all)") == 1
    assert "starts without its node's CPU limit" in page.text
    assert "The axis ends at 120 %" in page.text
    assert "↑ m 459 %" in (figures / "nodes-write-tfrecords-cpu.svg").read_text()


@pytest.mark.usefixtures("svg_only")
def test_only_failed_runs(tmp_path: Path) -> None:
    record = factory.run_json(status="failed", run_s=None)
    factory.write(tmp_path, {**record, "nodes": [], "spark": None})
    _, page = built(tmp_path)
    assert "No run ended well: nothing to compare." in page.text
    assert "the job ended with exit code 1" in page.text


@pytest.mark.usefixtures("svg_only")
def test_one_shape_without_samples_beside_one_with(tmp_path: Path) -> None:
    record = factory.run_json()
    factory.write(tmp_path, record, nodes=factory.samples(record, drop=frozenset(range(20, 30))))
    factory.write(tmp_path, factory.run_json("one-large-ssd"))
    _, page = built(tmp_path)
    assert "no samples" in page.text


@pytest.mark.slow
def test_many_shapes_and_variants(tmp_path: Path) -> None:
    sizes = (96, 128, 160, 192, 224)
    for scenario in factory.SHAPES:
        for repeat, size in enumerate(sizes):
            record = factory.run_json(scenario, repeat=repeat, configuration={"image_size": size})
            factory.write(tmp_path, record, nodes=factory.samples(record))
    _, page = built(tmp_path)
    assert "image_size=96" in page.text
    folder = tmp_path / "out" / "figures"
    assert len(list(folder.glob("nodes-write-tfrecords-*-cpu.svg"))) == 4
    assert "not drawn here: write_tfrecords, image_size=96" in page.text  # the last in order of names


@pytest.mark.usefixtures("undrawn")
def test_teardown_proof_is_shown(tmp_path: Path) -> None:
    directory = factory.write(tmp_path, factory.run_json(lease="abc123"))
    proof = {"lease": "abc123", "destroyed_at": "2026-01-01T00:00:00Z", "destroy_s": 2.5, "found": ["x"],
             "removed": ["x"],
             "left": []}  # fmt: skip
    (directory / "teardown.json").write_text(json.dumps(proof))
    _, page = built(tmp_path)
    assert (
        "Lease abc123: destroyed 2026-01-01T00:00:00Z in 2.50 s; 1 of 1 leftovers found were removed, 0 left."
        in page.text
    )


def test_newest_experiment(tmp_path: Path) -> None:
    with pytest.raises(NoRecordsError, match="No records under"):
        newest_experiment(tmp_path)
    factory.demo(tmp_path, repeats=1)
    assert newest_experiment(tmp_path) == "demo"


def test_lines_do_not_cross_gaps() -> None:
    import numpy as np

    times, values = with_gaps(np.array([1.0, 2, 3, 8, 9]), np.array([1.0, 1, 1, 5, 5]))
    assert np.isnan(values).sum() == 1
    assert 3 < times[np.isnan(values)][0] < 8
