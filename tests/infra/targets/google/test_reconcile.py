"""``bakeoff costs``: leases on disk against a fake bill."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.base.errors import RecordError, UsageError
from infra.cli.app import app
from infra.targets.google import reconcile
from tests.support.analysis.factory import run_json
from tests.support.google import bills
from tests.support.google.bills import END, LATER
from tests.support.google.cloud import Cloud
from workloads.record import Billed, MachineLife, Teardown


def record(runs: Path, name: str, lease: str, *, gone: bool = True, **changes: Any) -> Path:
    folder = runs / "demo" / name
    folder.mkdir(parents=True)
    run = run_json(lease=lease, **{"target": "gcp", "region": "us-central1", **changes})
    (folder / "run.json").write_text(json.dumps(run))
    if gone:
        proof = Teardown(
            lease=lease,
            destroyed_at=END.isoformat(),
            destroy_s=60,
            found=[],
            removed=[],
            left=[],
            lived_s=3600,
            estimated_usd=1.5,
        )
        (folder / "teardown.json").write_text(proof.model_dump_json())
    return folder


def told(runs: Path, cloud: Cloud | None, now: datetime = LATER) -> tuple[list[reconcile.LeaseCosts], list[str]]:
    table = cloud.bigquery.table if cloud else None
    return reconcile.costs(runs, "demo", table=table, clients=cloud.clients if cloud else None, now=now)


def test_each_lease_once_with_its_bill_beside_its_records(cloud: Cloud, tmp_path: Path) -> None:
    bills.fill(cloud)
    folders = [record(tmp_path, f"cell-{i}", "abc123", repeat=i) for i in range(2)]
    record(tmp_path, "cell-x", "zzz999", repeat=2, gone=False)
    (one,), untold = told(tmp_path, cloud)
    total = one.rows[-1]
    assert (total.item, total.estimate_usd) == ("total", 1.5)
    assert total.billed == pytest.approx(0.74) and total.billed_minus_measured_usd == pytest.approx(
        0.74 - total.measured_usd
    )
    assert untold == ["Lease zzz999 (four-small-ssd) has no proof of teardown beside its records: it may still stand."]
    for folder in folders:
        kept = Billed.model_validate_json((folder / "billed.json").read_text())
        assert kept.complete and kept.currency == "USD" and kept.total == pytest.approx(0.74)
        assert kept.by_sku["N1 Predefined Instance Core running in Americas"] == pytest.approx(0.27)


def test_a_bill_that_has_not_arrived_leaves_no_file(cloud: Cloud, tmp_path: Path) -> None:
    folder = record(tmp_path, "cell", "abc123")
    (one,), _ = told(tmp_path, cloud)
    assert one.rows[-1].billed is None and "no row of this lease yet" in one.notes[0]
    assert not (folder / "billed.json").exists()


def test_without_a_table(tmp_path: Path) -> None:
    record(tmp_path, "cell", "abc123")
    (one,), _ = told(tmp_path, None)
    assert one.rows[-1].measured_usd == pytest.approx(5 * 0.095 + 5 * 100 * 0.17 / 730 + 10 * 0.01)
    assert one.notes == (
        "Not compared with a bill: no billing export table is named.",
        "Measured is every machine for the whole life of the lease: none was observed.",
    )


def test_a_machine_that_was_missed_earlier_is_measured_to_then(tmp_path: Path) -> None:
    folder = record(tmp_path, "cell", "abc123")
    proof = Teardown.model_validate_json((folder / "teardown.json").read_text())
    began = END.timestamp() - 3600
    lives = [
        MachineLife(node="m", machine_type="n1-standard-2", created_at=began),
        MachineLife(node="w-0", machine_type="n1-standard-2", created_at=began, gone_by=began + 1800),
    ]
    (folder / "teardown.json").write_text(proof.model_copy(update={"machines": lives}).model_dump_json())
    (one,), _ = told(tmp_path, None)
    measured = {row.item: row.measured_usd for row in one.rows}
    assert measured["machines"] == pytest.approx(1.5 * 0.095) and measured["dataproc fee"] == pytest.approx(3 * 0.01)
    assert len(one.notes) == 1


def test_local_records_cost_nothing(tmp_path: Path) -> None:
    record(tmp_path, "cell", "abc123", target="local", region=None)
    with pytest.raises(UsageError, match=r"No record of 'demo' .* was made on Google Cloud"):
        told(tmp_path, None)


@pytest.mark.parametrize("file", ["run.json", "teardown.json"])
def test_a_damaged_file_is_named(tmp_path: Path, file: str) -> None:
    (record(tmp_path, "cell", "abc123") / file).write_text("{")
    with pytest.raises(RecordError, match="damaged"):
        told(tmp_path, None)


def test_the_verb(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bills.fill(cloud)
    record(tmp_path, "cell", "abc123")
    config = tmp_path / "gcp.toml"
    places = {
        name: f"a-{name.replace('_', '-')}" for name in ("bucket", "staging_bucket", "temp_bucket", "state_bucket")
    }
    settings = {
        "project_id": "a-project",
        "region": "us-central1",
        "zone": "us-central1-a",
        "subnetwork": "s",
        "service_account": "r@a-project.iam.gserviceaccount.com",
        "billing_table": cloud.bigquery.table,
        **places,
    }
    config.write_text("".join(f'{name} = "{value}"\n' for name, value in settings.items()))
    monkeypatch.setenv("BAKEOFF_GCP_CONFIG", str(config))
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["costs", "demo", "--runs", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    (lease,) = json.loads(result.stdout)["leases"]
    assert lease["rows"][-1]["billed"] == pytest.approx(0.74)
    shown = CliRunner().invoke(app, ["costs", "demo", "--runs", str(tmp_path)]).stdout
    assert "dataproc fee" in shown and "0.7400" in shown
