"""Which settings tell the records of one workload apart.

Records of the same workload under different settings are different measurements and are never pooled.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping

from workloads.record import RunRecord


def variant_labels(records: Mapping[str, RunRecord], ignored: frozenset[str] = frozenset()) -> dict[str, str]:
    """For each record, its settings that are not the same in all records of its workload, as ``a=1, b=2``.

    Settings that end in ``_uri`` hold addresses that belong to a lease, and tell nothing apart; no more do those that
    are ``ignored``.
    """
    values: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    flat = {run: {k: json.dumps(v, sort_keys=True) for k, v in r.configuration.items()} for run, r in records.items()}
    keys_of: dict[str, set[str]] = defaultdict(set)
    for run, record in records.items():
        keys_of[record.workload] |= {k for k in flat[run] if not k.endswith("_uri") and k not in ignored}
    for run, record in records.items():
        for key in keys_of[record.workload]:
            values[record.workload][key].add(flat[run].get(key, "unset"))
    return {
        run: ", ".join(
            f"{key}={flat[run].get(key, 'unset')}"
            for key in sorted(keys_of[record.workload])
            if len(values[record.workload][key]) > 1
        )
        for run, record in records.items()
    }
