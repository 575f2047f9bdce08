"""MobileNetV2 for square RGB images with pixels from 0 to 255; its outputs are logits."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import tf_keras

from workloads.errors import ConfigError
from workloads.train.config import TrainConfig

# The published model averages over 1,000 updates (0.999); runs of fewer than that would be validated with the statistics
# that the layers were initialised with.
BATCH_NORM_MOMENTUM = 0.9


def build_model(config: TrainConfig, classes: int, pretrained: bytes | None = None, replicas: int = 1) -> Any:
    """A new model; to be called within the scope of a strategy, if there is one.

    Args:
        replicas: over which batch normalisation is synchronised, if the configuration says so; one needs none of it, and
            its fused form is faster.
        pretrained: HDF5 file of weights without the last layer, as Keras publishes them; None: random.

    Raises:
        ConfigError: the weights are those of another model.
    """
    size = config.image_size
    synchronized = config.sync_batch_norm and replicas > 1

    def batch_normalization(**settings: Any) -> Any:
        settings |= {"momentum": BATCH_NORM_MOMENTUM, "synchronized": synchronized}
        return tf_keras.layers.BatchNormalization(**settings)

    # First weights follow from the seed and the place in the model alone, whatever the strategy and however often it asks.
    seeds = count(config.seed * 1000 + 1)

    def seeded(layer: Any, kernel: str) -> Any:
        return lambda *sizes, **settings: layer(
            *sizes, **settings, **{kernel: tf_keras.initializers.GlorotUniform(seed=next(seeds))}
        )

    own = {
        "BatchNormalization": batch_normalization,
        "Conv2D": seeded(tf_keras.layers.Conv2D, "kernel_initializer"),
        "DepthwiseConv2D": seeded(tf_keras.layers.DepthwiseConv2D, "depthwise_initializer"),
    }
    # The published builder takes its layers from here.
    layers = SimpleNamespace(**{**vars(tf_keras.layers), **own})
    base = tf_keras.applications.MobileNetV2(
        input_shape=(size, size, 3), alpha=config.alpha, include_top=False, weights=None, pooling="avg", layers=layers
    )
    if pretrained is not None:
        _load(base, pretrained, config)
    base.trainable = config.trainable == "whole"
    inputs = tf_keras.Input((size, size, 3))
    features = base(tf_keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs))
    dense = seeded(tf_keras.layers.Dense, "kernel_initializer")
    outputs = dense(classes)(tf_keras.layers.Dropout(config.dropout)(features))
    return tf_keras.Model(inputs, outputs)


def _load(base: Any, pretrained: bytes, config: TrainConfig) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.h5"
        path.write_bytes(pretrained)
        try:
            base.load_weights(path)
        except (ValueError, OSError) as error:
            raise ConfigError(
                f"weights {config.weights} are not those of MobileNetV2 without top, alpha {config.alpha}: {error}"
            ) from error
