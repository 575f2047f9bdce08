"""A fake Google Cloud for the tests of this room: a new one for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from infra.targets.dataproc import monitoring
from infra.targets.dataproc.target import TARGET
from infra.targets.google import dependencies
from infra.terraform import client as terraform
from tests.support.google.cloud import Cloud, standing_cloud
from tests.support.google.life import GCP_TOML, StubTerraform
from tests.support.google.project_life import Project, standing_project
from workloads.generate import generate

__all__ = ["buckets", "cloud", "images", "living", "project", "stub"]


@pytest.fixture(autouse=True)
def _nodes_with_the_python_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "PYTHON_VERSION", sys.version_info[:2])


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with standing_cloud() as standing:
        yield standing


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    generate(folder, 12, seed=3)
    return folder


@pytest.fixture
def buckets(object_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """New buckets by their purpose, and a gcp.toml that names them."""
    from workloads.bucket import client

    names = {kind: f"{kind}-{uuid4().hex[:8]}" for kind in ("data", "staging", "state")}
    for name in names.values():
        client().create_bucket(name)
    (tmp_path / "gcp.toml").write_text(GCP_TOML.format(**names))
    monkeypatch.setenv("BAKEOFF_GCP_CONFIG", str(tmp_path / "gcp.toml"))
    return names


@pytest.fixture
def living(monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A fake project that this process, and what it starts, speaks to."""
    with standing_project() as cloud:
        for variable, value in cloud.environment.items():
            monkeypatch.setenv(variable, value)
        yield cloud


@pytest.fixture
def project(buckets: dict[str, str], living: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(dependencies, "archive", lambda names: b"packages of 300 MB")
    monkeypatch.setattr(monitoring, "VISIBLE_AFTER_S", 0.0)
    hasty = replace(TARGET.traits, poll_s=0.01, sweep_pause_s=0.0, sweep_s=120.0)
    monkeypatch.setattr(TARGET, "traits", hasty)
    living.dataproc.staging = f"gs://{buckets['staging']}"
    living.compute.offered |= {"n1-standard-2", "n1-standard-8"}
    return living


@pytest.fixture
def stub(project: Project, monkeypatch: pytest.MonkeyPatch) -> StubTerraform:
    found = StubTerraform(project)
    monkeypatch.setattr(terraform, "run", found)
    return found
