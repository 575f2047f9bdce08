"""The study's published numbers, beside which ours are set.

Source: "Data processing and machine learning in the cloud", a cloud-computing study of 2021 on the Flowers data set (3,670
JPEGs, 5 classes; ``gs://flowers-public``). Each number carries the part, table or figure of the study it is from. Nothing here
is ours, and nothing of ours is computed from it. The study measured each number once, so that none has an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["image", "tfrecord"]

SOURCE = "Data processing and machine learning in the cloud (cloud-computing study, 2021)"
IMAGES = 3670
TFRECORD_TO_IMAGE_RATIO = 70.0  # part 1b, "about": throughput from TFRecords / from image files
SPEED_TESTS_BEFORE_S, SPEED_TESTS_AFTER_S = 25 * 60.0, 10 * 60.0  # parts 2b and 2c, "about": 8 nodes of 1 vCPU


@dataclass(frozen=True)
class PublishedR:
    """Table 1: R of throughput with one parameter, before and after caching and parallelisation (parts 2b and 2c)."""

    format: Format
    parameter: str  # as in :data:`analysis.measures.grid.PARAMETERS`
    before: float
    after: float


TABLE_1: tuple[PublishedR, ...] = (
    PublishedR("image", "batch_size", -0.155, 0.313),
    PublishedR("image", "batch_count", 0.157, 0.094),
    PublishedR("image", "repetitions", 0.558, 0.198),
    PublishedR("image", "data_size", -0.019, 0.249),
    PublishedR("tfrecord", "batch_size", 0.293, 0.389),
    PublishedR("tfrecord", "batch_count", 0.262, 0.330),
    PublishedR("tfrecord", "repetitions", 0.475, 0.313),
    PublishedR("tfrecord", "data_size", 0.325, 0.424),
)


@dataclass(frozen=True)
class PublishedTraining:
    """One training of MobileNetV2. Losses are cross-entropy, accuracies shares from 0 to 1; None: not stated."""

    strategy: Literal["OneDeviceStrategy", "MirroredStrategy"]
    batch_size: int | None
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    time_s: float | None


TABLE_2: tuple[PublishedTraining, ...] = (
    PublishedTraining("OneDeviceStrategy", 64, 0.452, 0.853, 0.400, 0.866, 16 * 60 + 33),
    PublishedTraining("OneDeviceStrategy", 256, 0.306, 0.937, 0.682, 0.883, 20 * 60 + 4),
    PublishedTraining("OneDeviceStrategy", 512, 0.341, 0.936, 0.816, 0.866, 17 * 60 + 3),
    PublishedTraining("MirroredStrategy", 64, 0.558, 0.820, 0.467, 0.850, 12 * 60 + 32),
    PublishedTraining("MirroredStrategy", 256, 0.535, 0.838, 0.473, 0.854, 14 * 60 + 3),
    PublishedTraining("MirroredStrategy", 512, 1.594, 0.528, 1.362, 0.664, 14 * 60 + 2),
)
"""MultiWorkerMirroredStrategy, the third of part 4c, never completed there ("cluster errors"): it has no row."""

PART_4B = PublishedTraining("OneDeviceStrategy", None, 0.615, 0.89, 2.19, 0.74, None)
"""The one training of part 4b, before table 2's, which are of part 4c."""


@dataclass(frozen=True)
class Claim:
    """A sentence of the study that our measurements reproduce, or do not, or cannot speak to."""

    name: str
    text: str
    part: str


CLAIMS: tuple[Claim, ...] = (
    Claim("tfrecord_70x", "TFRecord files are read about 70 times as fast as image files", "1b"),
    Claim("slopes_by_format", "Slopes are positive for TFRecord files and negative for image files", "1b"),
    Claim("image_slows_at_largest_batch", "Image files slow down at the largest batch size", "1a"),
    Claim("caching_25_to_10_min", "Caching and partitioning cut the speed tests from 25 to 10 minutes", "2c"),
    Claim("caching_evens_cpu", "Caching and partitioning raise the average CPU from 10 to 40 % and even it out", "2c"),
    Claim("same_time_4x2_1x8", "4 machines of 2 vCPU and 1 of 8 take the same time to write TFRecords", "3cii"),
    Claim("larger_batches_lower_mirrored", "Larger batches lower the accuracy under MirroredStrategy", "4c"),
    Claim("mirrored_faster", "MirroredStrategy trains faster than OneDeviceStrategy at every batch size", "4c"),
    Claim("multiworker_fails", "MultiWorkerMirroredStrategy does not complete", "4c"),
)
