"""One update and one validation step, over all replicas of a strategy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import tensorflow as tf
import tf_keras

from workloads.train.config import TrainConfig
from workloads.train.model import build_model

MAX_REPLICAS = 1 << 20  # keeps the seeds of replicas apart


def make_steps(config: TrainConfig, strategy: Any, classes: int, pretrained: bytes | None) -> tuple[Any, Any, Any, Any]:
    """Model, optimiser, training step, validation step; call it within the scope of the strategy.

    The training step takes images and labels of every replica and the size of the whole batch, and returns [sum of the
    losses, images predicted right]. The loss whose gradient is taken is the mean over the whole batch, so that the sum over
    the replicas is what one device would compute. The validation step also takes weights, 0 for images that fill a batch.
    """
    real = tf.as_dtype(config.precision)
    model = build_model(config, classes, pretrained, replicas=strategy.num_replicas_in_sync)
    # The legacy one updates a variable by one fused operation where the other takes about ten: a third less to trace.
    optimizer = tf_keras.optimizers.legacy.SGD(config.learning_rate, momentum=config.momentum)
    optimizer._create_all_weights(model.trainable_variables)  # now, so that a checkpoint can be put into them

    def losses(labels: Any, logits: Any) -> tuple[Any, Any]:
        right = tf.cast(tf.argmax(logits, axis=1, output_type=tf.int32) == labels, real)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits), right

    *_, dropped, head = model.layers
    body = tf_keras.Model(model.input, dropped.input)

    def forward(images: Any) -> Any:
        """The model with its dropout drawn from seed, update and replica, so that a resumed run draws what a whole one would."""
        features = body(tf.cast(images, real), training=True)
        if config.dropout:
            replica = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int64)
            seed = tf.stack([config.seed * MAX_REPLICAS + replica, tf.cast(optimizer.iterations, tf.int64)])
            features = tf.nn.experimental.stateless_dropout(features, config.dropout, seed)
        return head(features)

    def update(images: Any, labels: Any, batch_size: Any) -> Any:
        with tf.GradientTape() as tape:
            each, right = losses(labels, forward(images))
            loss = tf.reduce_sum(each) / tf.cast(batch_size, real)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return tf.stack([tf.reduce_sum(each), tf.reduce_sum(right)])

    def judge(images: Any, labels: Any, weights: Any) -> Any:
        each, right = losses(labels, model(tf.cast(images, real), training=False))
        return tf.stack([tf.reduce_sum(each * tf.cast(weights, real)), tf.reduce_sum(right * tf.cast(weights, real))])

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def train_step(images: Any, labels: Any, batch_size: Any) -> Any:
        with _short_walks():
            sums = strategy.run(update, args=(images, labels, batch_size))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, sums, axis=None)

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def validate_step(images: Any, labels: Any, weights: Any) -> Any:
        sums = strategy.run(judge, args=(images, labels, weights))
        return strategy.reduce(tf.distribute.ReduceOp.SUM, sums, axis=None)

    return model, optimizer, train_step, validate_step


@contextmanager
def _short_walks() -> Iterator[None]:
    """While the step is traced: spare TensorFlow a search whose cost grows with the square of the model.

    Each all-reduce of synchronised normalisation is a custom gradient, and for each of them TensorFlow walks backwards
    through the graph to find variables that its function might have used. With several replicas in one graph the walk does
    not stop at the function's inputs, since the others' lead on; MobileNetV2 took over ten minutes. A sum uses no variable.
    """
    from tensorflow.python.ops import custom_gradient

    name = "_get_dependent_variables"
    if not hasattr(custom_gradient, name):  # another version: slow, and right
        yield
        return
    with patch.object(custom_gradient, name, lambda *_, **__: []):
        yield
