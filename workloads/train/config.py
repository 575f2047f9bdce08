"""Settings of ``train``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from workloads.contract import WorkloadConfig
from workloads.shards import ShardOptions

Strategy = Literal["one_device", "mirrored", "multi_worker_mirrored"]
ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)  # widths that weights of MobileNetV2 are published for


class TrainConfig(WorkloadConfig):
    """What is trained, on what, and how. ``output_uri`` takes the TFRecords, the checkpoint and the model.

    The defaults are sized for a laptop: 96 pixels and alpha 0.35. The study's 192 pixels, alpha 1.0 and batch 512 need
    about 25 GB.
    """

    tfrecords_uri: str | None = Field(
        default=None, description="TFRecords to train on; None: written from the images first, unless they are there"
    )
    strategy: Strategy = Field(default="one_device", description="tf.distribute strategy")
    devices: int = Field(default=2, ge=2, le=16, description="mirrored: devices; without GPUs, parts of the CPU")
    workers: int | None = Field(
        default=None, ge=2, le=64, description="multi_worker_mirrored: processes; None: one per Spark executor"
    )
    batch_size: int = Field(default=64, ge=1, le=65_536, description="images per update, over all replicas")
    epochs: int = Field(default=3, ge=1, le=1000, description="passes over the training images")
    image_size: int = Field(default=96, ge=32, le=512, description="edge of the square that is trained on, pixels")
    alpha: float = Field(default=0.35, description=f"width of MobileNetV2: one of {ALPHAS}")
    weights: str | None = Field(
        default=None, description="pretrained weights without top, HDF5: file, gs:// or http(s); None: random"
    )
    trainable: Literal["whole", "head"] = Field(default="whole", description="head: MobileNetV2 is frozen")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="before the last layer")
    sync_batch_norm: bool = Field(default=True, description="normalise over all replicas, as one device would")
    augment: bool = Field(default=True, description="mirror, shift by up to 10 %, zoom by up to 10 %, at random")
    shuffle: bool = Field(default=True, description="a new order in each epoch; False: the fixed one of the shards")
    learning_rate: float = Field(default=0.01, gt=0, le=10, description="of stochastic gradient descent")
    momentum: float = Field(default=0.9, ge=0, lt=1)
    schedule: Literal["constant", "decay", "grow_batch"] = Field(
        default="constant", description="decay: divide the rate at each milestone; grow_batch: multiply the batch"
    )
    factor: int = Field(default=5, ge=2, le=100, description="of the schedule")
    milestones: list[int] = Field(default=[], description="epochs after which the schedule acts, ascending, from 1")
    patience: int | None = Field(
        default=None, ge=1, description="epochs without a better validation loss before stopping; None: never early"
    )
    validation_ratio: float = Field(default=0.2, gt=0, lt=1, description="share of images kept out of training")
    resume: bool = Field(default=True, description="go on from the checkpoint of a run that was cut off")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="of weights, order and augmentation")
    precision: Literal["float32", "float64"] = Field(
        default="float32", description="float64: to compare strategies, whose curves part by rounding in float32"
    )
    threads: int | None = Field(default=None, ge=1, le=256, description="of TensorFlow, per process; None: its default")
    peer_timeout_s: float = Field(
        default=300, gt=0, le=86_400, description="without a finished step for so long, the peers are taken for dead"
    )
    staging_folder: str | None = Field(default=None, description="None: BAKEOFF_NODE_DISK, else the temporary folder")
    shards: int = Field(default=16, ge=1, le=10_000, description="of TFRecords that are written first")
    source_size: int = Field(default=192, ge=1, le=4096, description="edge of images in TFRecords written first")
    jpeg_quality: int = Field(default=90, ge=1, le=95, description="of TFRecords that are written first")

    @field_validator("alpha")
    @classmethod
    def _alpha_is_published(cls, alpha: float) -> float:
        if alpha not in ALPHAS:
            raise ValueError(f"alpha is one of {ALPHAS}")
        return alpha

    @model_validator(mode="after")
    def _milestones_fit(self) -> TrainConfig:
        if self.milestones != sorted(set(self.milestones)) or any(m < 1 for m in self.milestones):
            raise ValueError(f"milestones are ascending epochs from 1 on; received {self.milestones}")
        if (self.schedule == "constant") != (not self.milestones):
            raise ValueError(
                f"milestones go with schedule decay or grow_batch; received {self.milestones} with {self.schedule}"
            )
        return self

    @property
    def shard_options(self) -> ShardOptions:
        return ShardOptions(self.source_size, self.jpeg_quality, self.seed)
