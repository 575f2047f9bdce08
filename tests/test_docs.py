"""What the README and the help texts promise exists, and what exists is in them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.search.strategies.bakeoff import USES
from infra.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
SCENARIOS = sorted(path.stem for path in (ROOT / "infra/scenarios").glob("*.tfvars"))
VERBS = sorted(str(command.name) for command in app.registered_commands)
CODE = "\n".join(re.findall(r"```\w*\n(.*?)```", README, re.DOTALL) + re.findall(r"`([^`\n]+)`", README))


def help_of(*words: str) -> str:
    result = CliRunner(env={"COLUMNS": "240", "TERM": "dumb", "NO_COLOR": "1"}).invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    return result.output


def documented_targets() -> list[str]:
    return re.findall(r"^## ([^:\n]+):", MAKEFILE, re.MULTILINE)


def examples(text: str) -> list[list[str]]:
    """Command lines that start with ``bakeoff``, as words, up to a comment or a sentence's end."""
    lines = re.findall(r"(?:^|[\s`(])bakeoff ([^\n`#|]+)", text, re.MULTILINE)
    return [re.sub(r"'[^']*'|\"[^\"]*\"", "QUOTED", line).split() for line in lines]


@pytest.mark.parametrize("target", documented_targets())
def test_every_documented_make_target_is_there_and_in_the_readme(target: str) -> None:
    concrete = target.replace("<scenario>", SCENARIOS[0])
    result = subprocess.run(["make", "--dry-run", concrete], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert f"make {target}" in CODE


def test_every_make_target_is_documented() -> None:
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)
    assert phony
    plain = re.findall(r"[a-z-]+", phony[1].split("$(")[0])
    assert sorted(plain) == sorted(target for target in documented_targets() if "<" not in target)


def test_every_make_command_in_the_readme_is_there() -> None:
    named = set(re.findall(r"^make ((?:[a-z-]+/)?[a-z-]*(?:<scenario>)?)", CODE, re.MULTILINE))
    assert named
    known = {
        *documented_targets(),
        *SCENARIOS,
        *(f"{verb}/{s}" for verb in ("plan", "apply", "run", "destroy") for s in SCENARIOS),
    }
    assert named - known - {""} == set()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_an_example_in_its_help_and_in_the_readme(verb: str) -> None:
    assert f"Example: bakeoff {verb}" in help_of(verb)
    assert f"bakeoff {verb}" in CODE


@pytest.mark.parametrize("words", examples(CODE), ids=" ".join)
def test_every_command_line_in_the_readme_is_possible(words: list[str]) -> None:
    if words[0].startswith("-"):
        return
    assert words[0] in VERBS
    text = help_of(words[0])
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in text]
    assert unknown == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_example_in_the_help_is_possible(verb: str) -> None:
    text = help_of(verb)
    example = text[text.index("Example: bakeoff") :].splitlines()[0]
    assert [word for word in example.split() if word.startswith("--") and text.count(word) < 2] == []


@pytest.mark.parametrize("verb", ["search", "replay"])
def test_the_help_names_the_uses_that_a_search_counts_with(verb: str) -> None:
    assert f"For bakeoff; default: {USES:g}." in help_of(verb)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_is_in_the_readme(scenario: str) -> None:
    assert f"`{scenario}`" in README


def test_every_file_that_the_readme_names_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    paths = re.findall(r"`((?:infra|workloads|analysis|tests|\.ci)/[\w./-]*)`", README)
    missing = [path for path in {*links, *paths} if not (ROOT / path).exists()]
    assert missing == []
