"""The tf.distribute strategies, made so that they can be told apart from one device.

Without GPUs, ``mirrored`` splits the CPU into logical devices. ``multi_worker_mirrored`` takes its peers from TF_CONFIG and
sums gradients over gRPC in a ring.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras

from workloads.errors import InvalidRun
from workloads.train.config import TrainConfig


def open_strategy(config: TrainConfig) -> Any:
    """The strategy of the configuration. Call it before any other operation of TensorFlow.

    Raises:
        InvalidRun: fewer replicas came up than the strategy is about.
    """
    if config.threads is not None:
        tf.config.threading.set_intra_op_parallelism_threads(config.threads)
        tf.config.threading.set_inter_op_parallelism_threads(config.threads)
    tf_keras.backend.set_floatx(config.precision)
    tf_keras.utils.set_random_seed(config.seed + 1)  # tf.data compares a seed of 0 with tensors, which fails
    if config.strategy == "one_device":
        return tf.distribute.OneDeviceStrategy("/gpu:0" if tf.config.list_physical_devices("GPU") else "/cpu:0")
    if config.strategy == "mirrored":
        strategy = tf.distribute.MirroredStrategy(
            _devices(config.devices), cross_device_ops=tf.distribute.HierarchicalCopyAllReduce()
        )
    else:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(
            # No timeout: TensorFlow would let a thread sleep that long for each sum of each step, thousands of them. Whoever
            # started this process notices when a peer is dead.
            communication_options=tf.distribute.experimental.CommunicationOptions(
                implementation=tf.distribute.experimental.CommunicationImplementation.RING
            )
        )
    if strategy.num_replicas_in_sync < 2:
        raise InvalidRun(f"{config.strategy} came up with {strategy.num_replicas_in_sync} replica; it needs at least 2")
    return strategy


def _devices(count: int) -> list[str]:
    gpus = tf.config.list_physical_devices("GPU")
    if len(gpus) >= 2:
        return [f"/gpu:{index}" for index in range(min(count, len(gpus)))]
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * count)
    return [f"/cpu:{index}" for index in range(count)]
