"""What stands between this machine and a cluster on Google Cloud, for ``bakeoff doctor --target gcp``."""

from __future__ import annotations

import sys

from infra.base.checks import Check, guarded
from infra.base.errors import CloudError, SetupError, UsageError
from infra.inputs.scenario import load_scenario, scenario_names
from infra.targets.google.clients import Clients
from infra.targets.google.dependencies import check_python
from infra.targets.google.preflight import Service, problems, runs_on_dataproc
from infra.targets.google.settings import load_settings
from infra.terraform.binary import check_terraform


def examine(service: Service) -> list[Check]:
    """Terraform, Python, the settings, and the preflight of every scenario that can run there, each taken alone."""
    python = guarded(
        "python", lambda: check_python(sys.version_info[:2]), "make clean && make PYTHON=python3.11 setup-gcp"
    )
    machine = [check_terraform(), python]
    try:
        settings = load_settings()
    except (SetupError, UsageError) as error:
        cure = "terraform -chdir=infra/foundation output -raw gcp_toml > gcp.toml"
        return [*machine, Check(name="settings", state="broken", detail=str(error), cure=cure)]
    where = f"{settings.project_id}, {settings.zone}"
    scenarios = [load_scenario(name) for name in scenario_names()]
    if service == "dataproc":
        scenarios = list(filter(runs_on_dataproc, scenarios))
    try:
        found = problems(
            Clients(settings.project_id, settings.region),
            scenarios,
            zone=settings.zone,
            service=service,
            together=False,
        )
    except (CloudError, SetupError, UsageError) as error:
        found_check = Check(name="google clients", state="broken", detail=str(error), cure="make setup-gcp")
        return [*machine, Check(name="settings", state="ok", detail=where), found_check]
    return [
        *machine,
        Check(name="settings", state="ok", detail=where),
        *(Check(name="google cloud", state="broken", detail=p.what, cure=p.cure) for p in found),
        *([] if found else [Check(name="google cloud", state="ok", detail=_fine(len(scenarios)))]),
    ]


def _fine(count: int) -> str:
    return (
        f"credentials, project, APIs, permissions, machine types and quotas suffice for each of {count} scenarios alone"
    )
