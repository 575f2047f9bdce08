"""``summary.json``: what a job says of itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from workloads.record.model import SCHEMA_VERSION, Model

Fact = str | int | float | bool | None | list[str] | list[int] | list[float]


class Rejected(Model):
    """One input item that did not come out, and why."""

    name: str
    reason: str


class Summary(Model):
    """What a job says of itself; written as ``summary.json`` beside ``measurements.jsonl``.

    A job whose accounts do not add up (items_in = items_out + items_rejected, and each rejected item named)
    does not validate, and has failed.
    """

    schema_version: int = SCHEMA_VERSION
    workload: str
    status: Literal["ok", "failed", "invalid"]  # invalid: it ran, and not as its configuration says
    error: str | None = None
    unit: str = "images"
    items_in: int = Field(ge=0)
    items_out: int = Field(ge=0)
    items_rejected: int = Field(ge=0)
    rejected: list[Rejected] = Field(default_factory=list)
    bytes_read: int | None = None
    bytes_written: int | None = None
    started_at: float  # unix s
    ended_at: float  # unix s
    notes: list[str] = Field(default_factory=list)
    # What the job knows of its run, as values: strategy, replicas, node addresses, ...
    facts: dict[str, Fact] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _accounts_add_up(self) -> Summary:
        if self.status == "ok" and self.items_in != self.items_out + self.items_rejected:
            raise ValueError(
                f"accounts do not add up: {self.items_in} {self.unit} in, "
                f"{self.items_out} out + {self.items_rejected} rejected"
            )
        if self.status == "ok" and len(self.rejected) != self.items_rejected:
            raise ValueError(
                f"{self.items_rejected} {self.unit} rejected, but {len(self.rejected)} named with a reason"
            )
        return self
