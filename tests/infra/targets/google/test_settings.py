"""gcp.toml: where on Google Cloud, with an error that names the rule, the value and the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.base.errors import SetupError, UsageError
from infra.targets.google.settings import load_settings
from tests.support.google.life import GCP_TOML

GOOD = GCP_TOML.format(data="data-1", staging="staging-1", state="state-1")


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gcp.toml"
    path.write_text(GOOD)
    assert load_settings(path).labels == {"team": "data"}


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="output -raw gcp_toml"):
        load_settings(tmp_path / "gcp.toml")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('zone = "europe-west2-b"', 'zone = "us-central1-a"', "zone must lie in the region.*us-central1-a"),
        ('"a-project"', '"A_Project"', "project_id: .*received 'A_Project'"),
        ('team = "data"', 'bakeoff-lease = "x"', "bakeoff's own"),
        ('team = "data"', 'team = "Data Team"', "lower-case"),
        ("subnetwork =", "subnetwrok =", "subnetwrok: Extra inputs"),
        ("project_id =", "project_id ==", "not valid TOML"),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "gcp.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(UsageError, match=words):
        load_settings(path)
