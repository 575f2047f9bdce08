"""Pretrained weights that are taken over, and what augmentation does to a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workloads.errors import ConfigError
from workloads.storage import open_store
from workloads.train.config import TrainConfig
from workloads.train.job import _pretrained
from workloads.train.process import PRETRAINED

SIZE = 32


def config(**settings: Any) -> TrainConfig:
    return TrainConfig(images_uri="a", output_uri="b", image_size=SIZE, **settings)


def test_weights_come_from_a_file_a_bucket_or_a_web_server(bucket: str, object_store: str, tmp_path: Path) -> None:
    data = b"\x89HDF and the rest"
    (tmp_path / "w.h5").write_bytes(data)
    open_store(bucket).write("w.h5", data)
    output = open_store(str(tmp_path / "out"))
    place = bucket.removeprefix("gs://")
    for uri in (str(tmp_path / "w.h5"), f"{bucket}/w.h5", f"{object_store}/{place}/w.h5"):
        notes: list[str] = []
        assert _pretrained(config(weights=uri), output, notes)
        assert notes == [f"weights: {uri}, {len(data)} bytes"]
        assert output.read(PRETRAINED) == data
        output.delete(PRETRAINED)


def test_weights_that_cannot_be_reached_are_random_and_said_to_be(
    object_store: str, bucket: str, tmp_path: Path
) -> None:
    output = open_store(str(tmp_path / "out"))
    place = bucket.removeprefix("gs://")
    for uri in (
        str(tmp_path / "no.h5"),
        f"{bucket}/no.h5",
        f"{object_store}/{place}/no.h5",
        "http://127.0.0.1:1/no.h5",
    ):
        notes: list[str] = []
        assert not _pretrained(config(weights=uri), output, notes)
        assert notes[0].startswith(f"weights: random, since {uri} cannot be reached: ")


@pytest.mark.slow
def test_pretrained_weights_are_taken_over_and_those_of_another_width_refused(tmp_path: Path) -> None:
    import tf_keras

    from workloads.train.model import build_model

    given = tf_keras.applications.MobileNetV2(
        input_shape=(SIZE, SIZE, 3), alpha=0.35, include_top=False, weights=None, pooling="avg"
    )
    given.set_weights([np.full(w.shape, 1 + i / 1000, np.float32) for i, w in enumerate(given.get_weights())])
    path = tmp_path / "w.h5"
    given.save_weights(path)
    model = build_model(config(), 5, path.read_bytes())
    taken = model.get_weights()[: len(given.weights)]  # the last layer's come after
    assert all(np.array_equal(a, b) for a, b in zip(sorted_(taken), sorted_(given.get_weights()), strict=True))
    with pytest.raises(ConfigError, match=r"are not those of MobileNetV2 without top, alpha 0\.5"):
        build_model(config(alpha=0.5), 5, path.read_bytes())


def sorted_(weights: list[Any]) -> list[Any]:
    return sorted(weights, key=lambda w: float(w.flat[0]))


@pytest.mark.slow
def test_augmentation_follows_its_seed_and_stays_within_its_limits() -> None:
    import tensorflow as tf

    from workloads.train.batches import SHIFT_RATIO, ZOOM_RATIO, augmented

    count = 64
    spot = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    spot[:, 12:20, 20:28] = 255  # right of the middle: a mirrored one is left of it
    changed = augmented(tf.constant(spot), tf.constant([1, 2], tf.int64)).numpy()
    assert np.array_equal(changed, augmented(tf.constant(spot), tf.constant([1, 2], tf.int64)).numpy())
    assert not np.array_equal(changed, augmented(tf.constant(spot), tf.constant([1, 3], tf.int64)).numpy())
    weight = changed[..., 0].astype(float) / changed[..., 0].sum(axis=(1, 2), keepdims=True)
    x = (weight.sum(axis=1) * np.arange(SIZE)).sum(axis=1) - (SIZE - 1) / 2
    y = (weight.sum(axis=2) * np.arange(SIZE)).sum(axis=1) - (SIZE - 1) / 2
    mirrored = x < 0
    assert 0.25 < mirrored.mean() < 0.75
    reach = SHIFT_RATIO * SIZE / (1 - ZOOM_RATIO) + 0.5
    assert np.all(np.abs(y) <= reach)
    assert np.all(np.abs(np.abs(x) - 8) <= reach + 8 * (1 / (1 - ZOOM_RATIO) - 1))
    assert np.abs(y).max() > 1  # it does shift
