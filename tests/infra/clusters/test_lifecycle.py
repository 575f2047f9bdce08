"""What is checked just before a cluster is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.base.errors import LimitError
from infra.base.options import Options
from infra.base.progress import Silent
from infra.clusters import lifecycle
from infra.inputs.scenario import load_scenario
from infra.targets.local.target import TARGET as LOCAL


def test_a_lease_with_too_little_left_is_refused_before_terraform_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LOCAL, "traits", replace(LOCAL.traits, least_life_s=660))
    lease = lifecycle.create(load_scenario("one-large-ssd"), Options(tmp_path, isolation="none"))

    def no_terraform(*_: Any) -> None:
        pytest.fail("Terraform was asked")

    monkeypatch.setattr(lifecycle, "terraform_of", no_terraform)
    lease.update(expires_at=(datetime.now(UTC) + timedelta(seconds=655)).isoformat())
    with pytest.raises(LimitError, match=r"expires in 10\.9 minutes, and a cluster must be allowed at least 11"):
        lifecycle.apply(lease, Silent())
