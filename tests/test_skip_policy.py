"""The policy on skips, on small runs of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
CONFTEST = Path(__file__).with_name("conftest.py")


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST.read_text())
    (pytester.path / "allowed_skips.txt").write_text("# because\nno photographs\n")
    return pytester


@pytest.mark.parametrize(
    ("body", "ends_with"),
    [
        ("import pytest\ndef test(): pytest.skip('no photographs here')\n", 0),
        ("import pytest\ndef test(): pytest.skip('no time')\n", 1),
        ("import pytest\n@pytest.mark.skipif(True, reason='no time')\ndef test(): pass\n", 1),
        ("import pytest\npytest.importorskip('no_such_module')\n", 1),
        ("import pytest\n@pytest.mark.xfail(strict=True)\ndef test(): assert False\n", 0),
        ("def test(): pass\n", 0),
        ("def test(): assert False\n", 1),
        ("", 5),
    ],
)
def test_exit_code(run: pytest.Pytester, body: str, ends_with: int) -> None:
    run.makepyfile(body)
    result = run.runpytest_inprocess()
    assert result.ret == ends_with, result.stdout.str()


def test_the_reason_is_named(run: pytest.Pytester) -> None:
    run.makepyfile("import pytest\ndef test(): pytest.skip('no time')\n")
    run.runpytest_inprocess().stdout.fnmatch_lines(["skip not in allowed_skips.txt: *::test: no time"])


def test_what_is_skipped_in_another_process_is_named_once(run: pytest.Pytester) -> None:
    run.makepyfile("import pytest\ndef test(): pytest.skip('no time')\ndef test_more(): pass\n")
    run.makepyfile(test_not_here="import pytest\npytest.importorskip('no_such_module')\n")
    result = run.runpytest_inprocess("-n2")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    named = [line for line in result.outlines if line.startswith("skip not in allowed_skips.txt")]
    assert len(named) == 2 and "::test: no time" in "".join(named) and "test_not_here.py: " in "".join(named)


def test_every_allowed_skip_says_why() -> None:
    lines = CONFTEST.with_name("allowed_skips.txt").read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if line and not line.startswith("#"):
            assert before.startswith("# "), f"no comment above: {line}"
