"""What all parts of a record have in common: the version of their schema, and a strict base."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 3
"""2: ``Summary.facts``; ``Scenario`` with spot workers and accelerators; region, zone and cost of a run on Google Cloud.
3: ``RunRecord.image_version``, targets of any name, measurements with columns of their own.
Fields are only ever added, with a default, so that every older record stays readable."""


class Model(BaseModel):
    """Strict base: unknown fields are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
