"""The trained model as one object: its weights, and what it takes to build it again.

For use elsewhere, as a ``.keras`` file:  python -m workloads.train.artifact gs://bucket/train model.keras
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workloads.errors import WorkloadError
from workloads.storage import Store, open_store
from workloads.train.config import TrainConfig

MODEL = "model.npz"  # in output_uri


def save(store: Store, config: TrainConfig, classes: int, weights: Sequence[np.ndarray[Any, Any]]) -> None:
    """Write the model, whole or not at all."""
    meta = {"config": config.model_dump(), "classes": classes}
    arrays = {f"weights-{index:05d}": array for index, array in enumerate(weights)}
    buffer = io.BytesIO()
    np.savez(buffer, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8), **arrays)  # type: ignore[arg-type]
    store.write(MODEL, buffer.getvalue())


def load(store: Store) -> tuple[Any, TrainConfig]:
    """Build the model and give it its weights; returns also the configuration it was trained with.

    Raises:
        NotFound: there is none.
        WorkloadError: it cannot be read.
    """
    from workloads.train.model import build_model

    data = store.read(MODEL)
    try:
        with np.load(io.BytesIO(data)) as arrays:
            meta = json.loads(arrays["meta"].tobytes())
            config = TrainConfig.model_validate(meta["config"])
            model = build_model(config, meta["classes"])
            model.set_weights([arrays[name] for name in sorted(arrays.files) if name.startswith("weights-")])
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise WorkloadError(f"{store.uri}/{MODEL} is no model that train wrote: {error}; train again") from error
    return model, config


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m workloads.train.artifact OUTPUT_URI_OF_TRAIN FILE.keras", file=sys.stderr)
        return 2
    try:
        model, _ = load(open_store(arguments[0]))
    except WorkloadError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    model.save(Path(arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
