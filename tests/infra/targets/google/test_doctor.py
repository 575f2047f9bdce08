"""``bakeoff doctor --target gcp`` on a fake project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli.app import app
from tests.support.google.cloud import Cloud


@pytest.fixture
def config(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """gcp.toml of the fake project, and an environment that leads to it."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "gcp.toml"
    monkeypatch.setenv("BAKEOFF_GCP_CONFIG", str(path))
    buckets = "".join(f'{name} = "a-bucket"\n' for name in ("bucket", "staging_bucket", "temp_bucket", "state_bucket"))
    path.write_text(
        f'project_id = "{cloud.compute.project}"\nregion = "{cloud.compute.region}"\nzone = "{cloud.compute.zone}"\n'
        f'subnetwork = "s"\nservice_account = "r@a-project.iam.gserviceaccount.com"\n{buckets}'
    )
    cloud.compute.offered |= {"n1-standard-4", "n1-standard-8"}
    return path


def doctor() -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(app, ["doctor", "--target", "gcp", "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_all_is_well(config: Path) -> None:
    code, checks = doctor()
    assert code == 0
    assert [(c["name"], c["state"]) for c in checks] == [
        ("terraform", "ok"),
        ("python", "ok"),
        ("settings", "ok"),
        ("google cloud", "ok"),
    ]


def test_every_problem_has_its_cure(config: Path, cloud: Cloud) -> None:
    cloud.project.apis.discard("dataproc.googleapis.com")
    cloud.compute.quotas["CPUS"] = (8, 0)
    code, checks = doctor()
    broken = {c["detail"]: c["cure"] for c in checks if c["state"] == "broken"}
    assert code == 1
    assert broken["The API dataproc.googleapis.com is not enabled."].startswith("gcloud services enable")
    assert any("The quota CPUS does not suffice: 40 needed, 8 left of 8" in detail for detail in broken)


def test_without_settings(config: Path) -> None:
    config.unlink()
    code, checks = doctor()
    assert code == 1
    assert checks[-1]["name"] == "settings" and "infra/foundation" in checks[-1]["cure"]
