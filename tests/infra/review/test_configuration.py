"""The configuration diff: two plans from an empty state, by the provider that is to be had here."""

from __future__ import annotations

import html

import pytest

from infra.review.comment import comment
from infra.review.configuration import ResourceChange, RootDiff, _folders
from infra.review.google_provider.provider import CHOICE_VARIABLE
from infra.review.markdown import code
from tests.support.repository import Repository

TERRAFORM = """\
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.46, < 9"
    }
  }
  backend "gcs" {}
}

variable "name" {
  type = string
}

variable "workers" {
  type = number
}

variable "project" {
  type = string
}

module "bucket" {
  source = "../../../modules/bucket"
  name   = "${var.project}-${var.name}"
}

resource "google_compute_firewall" "internal" {
  count     = var.workers > 0 ? 1 : 0
  name      = "${var.name}-internal"
  network   = "net"
  direction = "INGRESS"
  priority  = 1000 + var.workers

  allow {
    protocol = "tcp"
  }
}
"""
BUCKET = """\
terraform {
  required_providers {
    google = {
      source = "hashicorp/google"
    }
  }
}

variable "name" {
  type = string
}

resource "google_storage_bucket" "data" {
  name          = var.name
  location      = "US"
  storage_class = "STANDARD"
}
"""
TEST = """\
mock_provider "google" {}

variables {
  name    = "from-the-test"
  workers = 2
  project = "nobodys-project"
}
"""


@pytest.fixture
def terraformed(repository: Repository) -> Repository:
    """The repository with a Terraform root and a module on main too."""
    repository.git("switch", "--quiet", "main")
    repository.write("infra/targets/dataproc/terraform/main.tf", TERRAFORM)
    repository.write("infra/targets/dataproc/terraform/tests/cluster.tftest.hcl", TEST)
    repository.write("infra/modules/bucket/main.tf", BUCKET)
    repository.commit("Terraform")
    repository.git("switch", "--quiet", "-C", "change")
    return repository


def test_a_changed_scenario_shows_as_changed_resources(terraformed: Repository) -> None:
    terraformed.shape("four", 5)
    review = terraformed.review()
    found = review.configuration
    assert found.planned == 1  # six reads nothing that changed
    assert found.diffs == [
        RootDiff(
            root="infra/targets/dataproc/terraform",
            scenarios=["four"],
            resources=[
                ResourceChange(
                    address="google_compute_firewall.internal[0]",
                    kind="changed",
                    attributes={"priority": (1004, 1005)},
                )
            ],
        )
    ]
    text = comment(review)
    assert "```diff\n  google_compute_firewall.internal[0]\n- priority = 1004\n+ priority = 1005\n```" in text
    assert found.checked_with is not None
    assert found.checked_with.split()[0] in ("real", "schema")  # provider, or stand-in
    assert f"| plans from an empty state | {code(found.checked_with)} | 1 in both revisions, 0 refused |" in text


@pytest.mark.slow
def test_a_change_of_terraform_alone_shows_once_for_all_scenarios_that_it_changes_alike(
    terraformed: Repository,
) -> None:
    terraformed.write("infra/modules/bucket/main.tf", BUCKET.replace('"STANDARD"', '"NEARLINE"'))
    terraformed.write(
        "infra/targets/dataproc/terraform/main.tf", TERRAFORM.replace("var.workers > 0 ?", "var.workers > 4 ?")
    )
    review = terraformed.review()
    assert {scenario.kind for scenario in review.scenarios} == {"same"}
    bucket = ResourceChange(
        address="module.bucket.google_storage_bucket.data",
        kind="changed",
        attributes={"storage_class": ("STANDARD", "NEARLINE")},
    )
    diffs = {tuple(diff.scenarios): diff.resources for diff in review.configuration.diffs}
    assert diffs[("six",)] == [bucket]
    firewall, also = diffs[("four",)]
    assert (firewall.address, firewall.kind) == ("google_compute_firewall.internal[0]", "removed")
    assert firewall.attributes["allow.protocol"] == ("tcp", None)
    assert also == bucket
    text = comment(review)
    assert "- M <code>infra/modules/bucket/main.tf</code>" in text
    assert "No scenario changed" in text


@pytest.mark.slow
def test_terraform_that_is_refused_is_named_with_its_own_words(terraformed: Repository) -> None:
    terraformed.remove("infra/scenarios/six.tfvars")
    terraformed.commit("one scenario is enough")
    terraformed.write("infra/targets/dataproc/terraform/main.tf", TERRAFORM.replace("priority", "priorty"))
    review = terraformed.review()
    (failure,) = review.configuration.failed
    assert (failure.root, failure.scenario, failure.when) == ("infra/targets/dataproc/terraform", "four", "after")
    assert "priorty" in failure.reason
    assert str(terraformed.root) not in comment(review)
    assert (
        "**Terraform refuses** <code>infra/targets/dataproc/terraform</code> for <code>four</code> (after)"
        in comment(review)
    )


def test_where_no_provider_is_to_be_had_that_is_said_and_the_rest_given(
    terraformed: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHOICE_VARIABLE, "none")
    terraformed.shape("four", 5)
    review = terraformed.review()
    assert review.configuration.checked_with is None
    text = comment(review)
    assert "Configuration: **not compared**." in text
    assert f"Not compared: {code(review.configuration.unavailable)}" in text
    assert "| <code>four</code> | changed |" in text


def test_what_terraform_does_not_read_is_not_planned(terraformed: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE_VARIABLE, "none")  # a plan would say so
    terraformed.write("infra/targets/dataproc/terraform/README.md", "Words.\n")
    terraformed.write("infra/modules/unused/main.tf", BUCKET)
    terraformed.write("infra/targets/dataproc/terraform/tests/cluster.tftest.hcl", TEST + "\n")
    configuration = terraformed.review().configuration
    assert (configuration.planned, configuration.unavailable) == (0, None)


def test_a_module_of_a_module_is_read_and_so_is_the_catalogue_where_it_is_named(terraformed: Repository) -> None:
    terraformed.write("infra/modules/bucket/inner.tf", 'module "x" {\n  source = "../inner"\n}\n')
    terraformed.write(
        "infra/modules/inner/main.tf", 'locals {\n  x = file("${path.module}/../../catalogue/disks.csv")\n}\n'
    )
    assert _folders(terraformed.root, "infra/targets/dataproc/terraform") == {
        "infra/targets/dataproc/terraform",
        "infra/modules/bucket",
        "infra/modules/inner",
        "infra/catalogue",
    }


def test_terraform_out_of_format_is_said(terraformed: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE_VARIABLE, "none")
    terraformed.write("infra/targets/dataproc/terraform/main.tf", TERRAFORM.replace("priority  =", "priority ="))
    review = terraformed.review()
    assert "targets/dataproc/terraform/main.tf" in str(review.formatting)
    assert str(review.formatting) in html.unescape(comment(review))
