"""Where on Google Cloud: project, places and identities, from ``gcp.toml`` of the checkout.

The file is not in git. ``terraform output -raw gcp_toml`` in ``infra/foundation`` prints it; ``BAKEOFF_GCP_CONFIG`` names
another one. It holds names and no secrets: credentials are Google's application default credentials.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from infra.base.errors import SetupError, UsageError
from infra.base.paths import PROJECT_DIR

CONFIG_VARIABLE = "BAKEOFF_GCP_CONFIG"
CONFIG_NAME = "gcp.toml"

# Source of the patterns: the naming rules of each service's reference.
_Project = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
_Region = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]+$")]
_Zone = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]+-[a-z]$")]
_Bucket = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$")]
_Account = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.gserviceaccount\.com$")]
_LABEL = re.compile(r"^[a-z0-9_-]{0,63}$")
OUR_LABELS = "bakeoff-"


class GcpSettings(BaseModel):
    """What the foundation made, or what a company gave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project_id: _Project
    region: _Region
    zone: _Zone
    subnetwork: str = Field(min_length=1)  # its name, or its whole self link where it lies in a host project
    service_account: _Account  # of the Dataproc nodes
    vertex_service_account: _Account | None = None  # of the machines of training jobs
    vertex_image: str = Field(default="python:3.11-slim-bookworm", min_length=1)  # Python 3.11; with GPUs, CUDA too
    vertex_network: str | None = Field(default=None, pattern=r"^projects/[0-9]+/global/networks/[a-z0-9-]+$")  # peered
    bucket: _Bucket  # what leases read and write
    staging_bucket: _Bucket  # Dataproc's
    temp_bucket: _Bucket  # Dataproc's
    state_bucket: _Bucket  # Terraform's
    labels: dict[str, str] = {}  # put on everything, beside ours
    billing_table: str | None = Field(default=None, pattern=r"^[^.`\s]+\.[^.`\s]+\.[^.`\s]+$")  # project.dataset.table

    @model_validator(mode="after")
    def _consistent(self) -> GcpSettings:
        if not self.zone.startswith(f"{self.region}-"):
            raise ValueError(f"zone must lie in the region; received '{self.zone}' and '{self.region}'")
        for name, value in self.labels.items():
            if not (name and _LABEL.match(name) and name[0].isalpha() and _LABEL.match(value)):
                raise ValueError(
                    "labels take lower-case letters, digits, '_' and '-', 63 at most, names beginning with a letter; "
                    f"received '{name}' = '{value}'"
                )
            if name.startswith(OUR_LABELS):
                raise ValueError(f"labels beginning with '{OUR_LABELS}' are bakeoff's own; received '{name}'")
        return self


def config_path() -> Path:
    """``$BAKEOFF_GCP_CONFIG``, else ``gcp.toml`` of the checkout."""
    return Path(os.environ.get(CONFIG_VARIABLE) or PROJECT_DIR / CONFIG_NAME)


def load_settings(path: Path | None = None) -> GcpSettings:
    """Read the settings.

    Raises:
        SetupError: there is no such file; names the command that makes it.
        UsageError: a rule is broken; names each field, the rule and the value.
    """
    path = path or config_path()
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SetupError(
            f"--target gcp needs to know where on Google Cloud, and {path} cannot be read ({error.strerror}). Make it once: "
            f"terraform -chdir=infra/foundation output -raw gcp_toml > {path} (infra/foundation/README.md)."
        ) from error
    try:
        return GcpSettings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}"
            + ("" if e["type"] == "missing" or not e["loc"] else f" (received {e['input']!r})")
            for e in error.errors()
        )
        raise UsageError(f"{path}: {wrong}") from error
