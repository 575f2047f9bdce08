"""What a run needs to go on after the last finished epoch, as one object that appears whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from workloads.errors import NotFound, WorkloadError
from workloads.storage import Store
from workloads.train.config import TrainConfig

CHECKPOINT = "checkpoint.npz"
# Settings that may differ between a run and the one that goes on with it.
_FREE = {"resume", "peer_timeout_s", "staging_folder", "threads", "images_uri", "output_uri"}


@dataclass
class Checkpoint:
    """The state after ``len(history)`` epochs."""

    identity: str
    history: list[dict[str, Any]]  # of each epoch; workloads.train.trainer says what is in it
    weights: list[np.ndarray[Any, Any]]
    slots: list[np.ndarray[Any, Any]]  # the optimiser's variables
    best: list[np.ndarray[Any, Any]]  # weights of the best epoch, where early stopping wants them; else empty


def identity(config: TrainConfig, listing: str) -> str:
    """What determines a run: its settings, and the shards it reads (``listing``)."""
    settings = config.model_dump(exclude=_FREE)
    return hashlib.sha256(json.dumps([settings, listing], sort_keys=True).encode()).hexdigest()


def save(store: Store, checkpoint: Checkpoint) -> None:
    """Write it over the one before."""
    meta = {"identity": checkpoint.identity, "history": checkpoint.history}
    arrays = {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    for kind in ("weights", "slots", "best"):
        arrays |= {f"{kind}-{index:05d}": array for index, array in enumerate(getattr(checkpoint, kind))}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    store.write(CHECKPOINT, buffer.getvalue())


def load(store: Store, expected: str) -> Checkpoint | None:
    """The checkpoint of a run that was cut off; None: there is none, or it belongs to another run.

    Raises:
        WorkloadError: it is damaged.
    """
    try:
        data = store.read(CHECKPOINT)
    except NotFound:
        return None
    try:
        with np.load(io.BytesIO(data)) as arrays:
            meta = json.loads(arrays["meta"].tobytes())
            if meta["identity"] != expected:
                return None
            kinds = {
                kind: [arrays[name] for name in sorted(arrays.files) if name.startswith(f"{kind}-")]
                for kind in ("weights", "slots", "best")
            }
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise WorkloadError(
            f"{store.uri}/{CHECKPOINT} is damaged ({error}); delete it, and training begins anew"
        ) from error
    return Checkpoint(meta["identity"], meta["history"], **kinds)
