"""One row of the frame of runs for each record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from analysis.records.columns import PANDAS_TYPES, RUN_COLUMNS
from analysis.records.paid import Paid
from analysis.records.variants import variant_labels
from workloads.record import RunRecord, Summary

SPARK_FIELDS = {
    column.name: {"spark_shuffle_bytes": "shuffle_write_bytes"}.get(column.name, column.name.removeprefix("spark_"))
    for column in RUN_COLUMNS
    if column.name.startswith("spark_")
}
"""The attribute of a record's ``spark`` for each column of the frame of runs."""


def _unix_s(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def runs_frame(records: Mapping[str, RunRecord], summaries: Mapping[str, Summary], costs: Paid) -> pd.DataFrame:
    """The frame of runs: one row per record, columns of :data:`analysis.records.columns.RUN_COLUMNS`."""
    variants = variant_labels(records)
    rows = [
        {
            **_row(run, record, summaries.get(run), variants[run]),
            "cost_usd": costs.runs[run],
            "cost_source": costs.source,
        }
        for run, record in records.items()
    ]
    frame = pd.DataFrame(rows, columns=[c.name for c in RUN_COLUMNS])
    return frame.astype({c.name: PANDAS_TYPES[c.arrow_type] for c in RUN_COLUMNS})


def _row(run: str, record: RunRecord, summary: Summary | None, variant: str) -> dict[str, Any]:
    limits = [node.actual_cores for node in record.nodes]
    known = [cores for cores in limits if cores is not None]
    same = record.model_dump(mode="json", include={c.name for c in RUN_COLUMNS} - {"scenario", "configuration"})
    items = ("items_in", "items_out", "items_rejected")
    return {
        **same,
        "run": run,
        "scenario": record.scenario.name,
        "variant": variant,
        "configuration": json.dumps(record.configuration, sort_keys=True),
        "started_at": _unix_s(record.started_at),
        "ended_at": _unix_s(record.ended_at),
        "isolation_mode": record.isolation.mode,
        "isolation_complete": record.isolation.complete,
        "vcpus": sum(n.nominal_vcpus for n in record.nodes) if record.nodes else None,
        "memory_gb": sum(n.nominal_memory_gb for n in record.nodes) if record.nodes else None,
        "actual_cores": sum(known) if known and len(known) == len(limits) else None,
        **record.stages.model_dump(),
        "overhead_ratio": record.stages.overhead_ratio,
        **{name: getattr(summary, name, None) for name in items},
        **{column: getattr(record.spark, field, None) for column, field in SPARK_FIELDS.items()},
    }
