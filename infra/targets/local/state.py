"""``nodes/<node>/state.json``: what runs on a node, written when it is usable."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.base import processes


class Daemon(BaseModel):
    """A process by id and start time, so that a reused id is not taken for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    pid: int
    start_ticks: int

    def alive(self) -> bool:
        return self.start_ticks > 0 and processes.start_ticks(self.pid) == self.start_ticks


class NodeState(BaseModel):
    """The daemons of a node, and the limits in force (None: no isolation)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    daemons: list[Daemon]
    limits: dict[str, float] | None

    def write(self, path: Path) -> None:
        temporary = path.with_suffix(".tmp")
        temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> NodeState | None:
        """None: not started, or cut short."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except (OSError, ValidationError):
            return None
