"""A small repository with scenarios, a catalogue, an experiment and a Terraform root, to change and to review."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture(autouse=True)
def _no_checkov(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Checkov takes four seconds a tree: only the tests of policy run it, and those by name."""
    monkeypatch.setattr("infra.review.review.CHECKOV", tmp_path / "no-checkov")
