"""The harness of the benches: what it calls a ratio, and when a bar is missed."""

from __future__ import annotations

import errno
import gc
import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.bench import __main__ as bench
from tests.bench.harness import Result, compare, interval


@pytest.fixture(autouse=True)
def _no_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process that has run a thousand tests each takes most of a second."""
    monkeypatch.setattr(gc, "collect", lambda: 0)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A bench sets what SIGTERM does, for its process is its own."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_ratio_is_of_neighbours_in_turns() -> None:
    calls: list[str] = []

    def side(name: str, rates: list[float]) -> float:
        calls.append(name)
        return rates[calls.count(name) - 1]

    a, b = [1.0, 10, 20, 30, 40, 50], [1.0, 5, 10, 15, 20, 25]  # the machine drifts; the ratio does not
    result = compare("x", lambda: side("a", a), lambda: side("b", b), names=("a", "b"), at_least=1.9)
    assert calls == ["a", "b", "a", "b", "b", "a", "a", "b", "b", "a", "a", "b"]
    assert [result.value, result.low, result.high] == pytest.approx([2, 2, 2])
    assert result.rates == {"a": 30, "b": 15}
    assert result.met


def test_the_profile_is_asked_for_only_when_a_bar_is_missed() -> None:
    missed = compare("x", lambda: 1.0, lambda: 2.0, names=("a", "b"), at_least=0.9, profile=lambda: ["why"])
    assert (missed.met, missed.profile) == (False, ["why"])
    met = compare("x", lambda: 2.0, lambda: 2.0, names=("a", "b"), at_least=0.9, profile=lambda: ["why"])
    assert (met.met, met.profile) == (True, [])
    assert Result("memory", 1.2, at_most=1.1).met is False
    assert Result("beside", 1.2).met is None


def test_interval_widens_with_the_spread() -> None:
    narrow, wide = interval([2.0, 2.1, 1.9, 2.0, 2.05]), interval([1.0, 4.0, 2.0, 3.0, 1.5])
    assert 1.8 < narrow[0] < 2 < narrow[1] < 2.2
    assert wide[0] < 1.5 < 3 < wide[1]


def stub(monkeypatch: pytest.MonkeyPatch, folder: Path, measure: Callable[[Path], list[Result]]) -> None:
    """Every bench is ``measure``, and its JSON goes to ``folder``."""
    monkeypatch.setattr(bench, "CACHE_DIR", folder)
    monkeypatch.setattr(bench, "names", lambda: ["first", "second"])
    monkeypatch.setattr("importlib.import_module", lambda name: SimpleNamespace(measure=measure))


@pytest.mark.parametrize(("value", "code"), [(0.95, 0), (0.85, 1)])
def test_a_missed_bar_is_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: float, code: int
) -> None:
    results = [Result("the same work", value, at_least=0.9, profile=["decode 80 %"] if value < 0.9 else [])]
    stub(monkeypatch, tmp_path, lambda folder: results)
    assert bench.main(["first"]) == code
    told = json.loads((tmp_path / "bench" / "first.json").read_text())
    assert told["results"][0]["met"] is (code == 0)
    assert ("decode 80 %" in capsys.readouterr().out) is (code == 1)
    assert bench.main(["nothing"]) == 2
    assert told["host"]["took_s"] >= 0


def test_no_bench_starts_after_sigterm_though_a_clean_up_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def measure(folder: Path) -> list[Result]:
        begun.append(folder)
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            raise OSError("Directory not empty")

    stub(monkeypatch, tmp_path, measure)
    of_the_tests = signal.signal(signal.SIGTERM, signal.default_int_handler)  # theirs would end the run
    try:
        with pytest.raises(KeyboardInterrupt):
            bench.main([])
    finally:
        signal.signal(signal.SIGTERM, of_the_tests)
    assert len(begun) == 1
    assert not begun[0].exists()


def test_a_folder_that_is_still_written_to_fails_no_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def remove(path: str, **_: object) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty", path)

    def measure(folder: Path) -> list[Result]:
        monkeypatch.setattr(os, "rmdir", remove)
        return [Result("the same work", 1.0, at_least=0.9)]

    stub(monkeypatch, tmp_path, measure)
    assert bench.main(["first"]) == 0


def test_make_bench_runs_what_the_table_names() -> None:
    table = (Path(bench.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == sorted(bench.names())
