"""Everything that a review looks at, gathered: :func:`infra.review.comment.comment` makes a comment of it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from infra.base.errors import TerraformError, unknown_name
from infra.base.progress import Progress
from infra.catalogue import Catalogue
from infra.records.store import RunStore
from infra.review.configuration import Configuration, compare_configuration
from infra.review.costs import ExperimentCost, compare_experiments
from infra.review.policy import CHECKOV, Policy, compare_policy
from infra.review.revision import Base, File, changed_files, find_base, laid_out
from infra.review.scenarios import ScenarioChange, compare_scenarios, prices_dated
from infra.terraform.binary import find_binary
from infra.terraform.client import Terraform


class Review(BaseModel):
    """A change, judged: the work tree against the commit from which it went its own way."""

    model_config = ConfigDict(frozen=True)

    base: Base
    region: str
    prices_dated: tuple[str | None, str | None]  # before, after: oldest price of the region, ISO 8601
    files: list[File]  # below infra/
    scenarios: list[ScenarioChange]
    records: str | None  # the gs:// prefix that past records are of; None: a folder of this machine
    experiments: list[ExperimentCost]
    configuration: Configuration
    policy: Policy
    terraform: str  # version and origin of the Terraform that was used
    formatting: str | None  # what ``terraform fmt`` objects to; None: nothing


def review(repository: Path, base: str, past: RunStore, region: str, progress: Progress) -> Review:
    """Compare the work tree of a repository with a revision. Nothing of either is changed.

    Args:
        repository: root of a checkout.
        base: a branch, tag or commit.
        past: past records.
        region: whose list prices are used.

    Raises:
        UsageError: no such revision, or no such region.
        SetupError: there is no Terraform.
    """
    if region not in (regions := Catalogue.default().regions):
        raise unknown_name("region", region, regions)
    binary = find_binary()
    found = find_base(repository, base)
    with laid_out(repository, found.commit) as before:
        progress.stage(f"compare with {found.ref}")
        files = changed_files(repository, found.commit, "infra")
        scenarios = compare_scenarios(before, repository, region)
        experiments = compare_experiments(before, repository, scenarios, past.folder)
        configuration = compare_configuration(before, repository, scenarios, files, progress)
        progress.stage("policy")
        policy = compare_policy(before, repository, CHECKOV)
        progress.stage("format")
        return Review(
            base=found,
            region=region,
            prices_dated=(prices_dated(before, region), prices_dated(repository, region)),
            files=files,
            scenarios=scenarios,
            records=past.uri,
            experiments=experiments,
            configuration=configuration,
            policy=policy,
            terraform=binary.label,
            formatting=_formatting(repository / "infra"),
        )


def _formatting(folder: Path) -> str | None:
    try:
        Terraform(folder).fmt_check()
    except TerraformError as error:
        return str(error).replace(f"{folder}", "infra")
    return None
