"""Runs of two shapes on disk, to compare."""

from __future__ import annotations

from pathlib import Path

from tests.support.analysis import factory

A, B = "four-small-ssd", "one-large-ssd"


def write(
    runs_dir: Path, times: dict[str, list[float]], *, per_lease: int = 1, experiment: str = "demo", **changes: object
) -> None:
    """Runs with these run times, ``per_lease`` of them on each lease."""
    for scenario, of in times.items():
        for index, run_s in enumerate(of):
            record = factory.run_json(
                scenario, repeat=index, run_s=run_s, lease=f"{experiment[0]}{scenario[0]}{index // per_lease:04}",
                experiment=experiment, **changes,  # type: ignore[arg-type]
            )  # fmt: skip
            factory.write(runs_dir, record, measurements=[], nodes=[])
