"""The command ``bakeoff compare``: what its names mean, and exit codes that a pipeline can use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli.app import app
from tests.support.analysis import factory
from tests.support.analysis.pairs import A, B, write


def bakeoff(*words: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(words))
    return (2 if isinstance(result.exception, Exception) else result.exit_code), result.output + str(result.exception)


@pytest.mark.parametrize(
    ("second", "words", "code"),
    [
        ([30.0, 31, 32, 33, 34], (), 0),
        ([60.0, 61, 62, 63, 64], (), 1),
        ([40.1, 41.1, 41.9, 43.1, 43.9], ("--strict",), 0),
        ([30.0, 60, 45, 35, 50], (), 0),
        ([30.0, 60, 45, 35, 50], ("--strict",), 1),
        ([60.0], (), 0),
        ([60.0], ("--strict",), 1),
    ],
    ids=["faster", "slower", "same", "noisy", "noisy, strict", "too few", "too few, strict"],
)
def test_exit_codes_are_for_a_pipeline(tmp_path: Path, second: list[float], words: tuple[str, ...], code: int) -> None:
    write(tmp_path, {A: [40.0, 41, 42, 43, 44], B: second})
    found, output = bakeoff("compare", A, B, "--runs", str(tmp_path), *words, "--json")
    assert found == code, output
    plain = json.loads(output[: output.rindex("}") + 1][output.index("{") :])
    assert plain["of"] == "scenarios of demo"
    assert plain["comparisons"][0]["a"]["name"] == A


def test_the_command_tells_sets_from_scenarios_and_names_what_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, {A: [40.0, 41, 42, 43, 44]}, experiment="before")
    write(tmp_path, {A: [50.0, 51, 52, 53, 54]}, experiment="after")
    code, output = bakeoff("compare", "before", str(tmp_path / "after"), "--runs", str(tmp_path))
    assert code == 1
    assert "slower" in output
    for a, b, words in (("before", "nothing", "is a set of runs and 'nothing' is none"), ("x", "x", "must differ")):
        code, output = bakeoff("compare", a, b, "--runs", str(tmp_path))
        assert code == 2
        assert words in output


def test_settings_are_named_as_a_report_does_with_or_without_quotation_marks(tmp_path: Path) -> None:
    for form, run_s in (("naive", 60.0), ("optimised", 40.0)):
        for repeat in range(5):
            factory.write(tmp_path, factory.run_json(
                A, "spark_read_speed", repeat, run_s=run_s + repeat, lease=f"{form[0]}{repeat:05}", cell=f"{form}-{repeat}",
                configuration={"variant": form, "size": 8}))  # fmt: skip
    code, output = bakeoff("compare", "variant=naive", 'variant="optimised"', "--runs", str(tmp_path), "--json")
    assert code == 0, output
    (found,) = json.loads(output[output.index("{") : output.rindex("}") + 1])["comparisons"]
    assert (found["a"]["name"], found["word"]) == ('variant="naive"', "faster")
    assert bakeoff("compare", "variant=optimised", "variant=naive", "--runs", str(tmp_path))[0] == 1
    code, output = bakeoff("compare", "variant=naive", "variant=other", "--runs", str(tmp_path))
    assert code == 2
    assert 'Settings with ok runs: variant="naive"; variant="optimised".' in output


def test_settings_that_nothing_has_in_common_are_not_no_difference(tmp_path: Path) -> None:
    for workload, settings in (("spark_read_speed", {"variant": ("x", "y")}), ("write_tfrecords", {"slices": (4, 8)})):
        for name, values in settings.items():
            for value in values:
                record = factory.run_json(A, workload, cell=f"{name}-{value}", configuration={name: value})
                factory.write(tmp_path, record)
    for b, words in (("slices=4", "no workload and scenario with run_s in common"), ('variant="x"', "must differ")):
        code, output = bakeoff("compare", "variant=x", b, "--runs", str(tmp_path))
        assert code == 2
        assert words in output
