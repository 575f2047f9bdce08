"""What stands between this machine and a cluster on Google Cloud, for ``bakeoff doctor --target gcp``."""

from __future__ import annotations

import sys

from infra.base.errors import CloudError, SetupError, UsageError
from infra.base.options import TargetName
from infra.inputs.scenario import load_scenario, scenario_names
from infra.targets.google.clients import Clients
from infra.targets.google.dependencies import check_python
from infra.targets.google.preflight import problems
from infra.targets.google.settings import load_settings
from infra.targets.local.doctor import Check, guarded
from infra.terraform.binary import find_binary


def examine(target: TargetName) -> list[Check]:
    """Terraform, Python, the settings, and the preflight of every scenario, each taken alone."""
    terraform = guarded("terraform", lambda: find_binary().label, "make setup")
    python = guarded(
        "python", lambda: check_python(sys.version_info[:2]), "make clean && make PYTHON=python3.11 setup-gcp"
    )
    try:
        settings = load_settings()
    except (SetupError, UsageError) as error:
        cure = "terraform -chdir=infra/foundation output -raw gcp_toml > gcp.toml"
        return [terraform, python, Check(name="settings", state="broken", detail=str(error), cure=cure)]
    where = f"{settings.project_id}, {settings.zone}"
    scenarios = [load_scenario(name) for name in scenario_names()]
    try:
        found = problems(
            Clients(settings.project_id, settings.region),
            scenarios,
            zone=settings.zone,
            dataproc=target == "gcp",
            vertex=target == "vertex",
            together=False,
        )
    except (CloudError, SetupError, UsageError) as error:
        found_check = Check(name="google clients", state="broken", detail=str(error), cure="make setup-gcp")
        return [terraform, python, Check(name="settings", state="ok", detail=where), found_check]
    return [
        terraform,
        python,
        Check(name="settings", state="ok", detail=where),
        *(Check(name="google cloud", state="broken", detail=p.what, cure=p.cure) for p in found),
        *([] if found else [Check(name="google cloud", state="ok", detail=_fine(len(scenarios)))]),
    ]


def _fine(count: int) -> str:
    return (
        f"credentials, project, APIs, permissions, machine types and quotas suffice for each of {count} scenarios alone"
    )
