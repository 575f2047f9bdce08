"""A copy of all Terraform for Google Cloud, with a provider that runs for as long as the copy is used."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.base import paths
from infra.base.errors import TerraformError
from infra.review.google_provider.check import EmptyStatePlan, copy_tree, plan_in
from infra.review.google_provider.provider import Provider, prepare
from infra.review.google_provider.serve import served
from infra.terraform.client import Terraform

INFRA = paths.PROJECT_DIR / "infra"
MODULES = sorted(
    str(path.parent.relative_to(INFRA))
    for path in INFRA.glob("**/versions.tf")
    if "hashicorp/google" in path.read_text(encoding="utf-8")
)

SHAPE: dict[str, object] = {
    "name": "four-small-ssd",
    "workers": 4,
    "machine_type": "n1-standard-2",
    "master_machine_type": "n1-standard-2",
    "disk_type": "pd-ssd",
    "disk_gb": 200,
}
VARIABLES: dict[str, dict[str, object]] = {
    "bootstrap": {
        "project_id": "my-project",
        "region": "us-central1",
        "github_repository": "example/bakeoff",
        "github_repository_id": "12345",
        "github_repository_owner_id": "678",
    },
    "foundation": {
        "project_id": "my-project",
        "region": "us-central1",
        "zone": "us-central1-a",
        "state_bucket": "my-project-bakeoff-state",
        "client_members": {"team": "group:data@example.com"},
        "reader_members": {"plan": "serviceAccount:bakeoff-ci-plan@my-project.iam.gserviceaccount.com"},
        "labels": {"team": "data"},
    },
    "targets/dataproc/terraform": {
        **SHAPE,
        "spot_workers": 2,
        "lease_id": "abc123",
        "project_id": "my-project",
        "region": "us-central1",
        "zone": "us-central1-a",
        "subnetwork": "bakeoff-nodes",
        "service_account": "bakeoff-dataproc@my-project.iam.gserviceaccount.com",
        "bucket": "my-project-bakeoff-data",
        "staging_bucket": "my-project-bakeoff-staging",
        "temp_bucket": "my-project-bakeoff-temp",
        "dependencies_uri": "gs://my-project-bakeoff-data/dependencies/1a2b",
        "expires_unix_s": 4102444800,
    },
}
"""Values of the variables of each root."""


@dataclass
class Tree:
    """The copy. Each module is initialised when it is first asked for."""

    directory: Path
    provider: Provider
    environment: dict[str, str]
    _ready: dict[str, Terraform] = field(default_factory=dict)

    def terraform(self, module: str) -> Terraform:
        if module not in self._ready:
            terraform = Terraform(
                copy_tree(INFRA / module, self.directory, self.provider.version), environment=self.environment
            )
            terraform.init()
            self._ready[module] = terraform
        return self._ready[module]

    def plan(self, root: str, **changes: object) -> EmptyStatePlan:
        return plan_in(self.terraform(root), self.provider, {**VARIABLES[root], **changes})

    def problem(self, module: str) -> str | None:
        """What ``validate`` or the module's own tests have against it as it is now; None: nothing."""
        try:
            self.terraform(module).validate()
            self.terraform(module).test()
        except TerraformError as error:
            return str(error)
        return None


@contextlib.contextmanager
def checked_tree(version: str, directory: Path) -> Iterator[Tree]:
    provider = prepare(version)
    with served(provider) as environment:
        try:
            yield Tree(directory, provider, environment)
        finally:
            shutil.rmtree(directory, ignore_errors=True)
