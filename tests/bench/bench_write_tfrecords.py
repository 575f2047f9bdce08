"""write_tfrecords in steady state, against bare processes, the pixels' work alone, and the study's method."""

from __future__ import annotations

import cProfile
import io
import pstats
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pyspark import SparkContext

from tests.bench.data import photographs, upload
from tests.bench.harness import Result, compare
from tests.bench.local_spark import local_spark
from tests.bench.study import pixels as pixels_of
from tests.bench.study import write_with_tensorflow
from tests.bench.team import CORES, team
from tests.support.object_store import object_store_server
from workloads.dataset import Dataset, list_dataset
from workloads.images import to_square_jpeg
from workloads.shards import ShardOptions, ShardPlan, plan_shards, write_shard
from workloads.storage import open_store
from workloads.write_tfrecords.config import WriteTFRecordsConfig
from workloads.write_tfrecords.job import run_tasks

COPIES = 2  # of the photographs: enough work for a steady state
FETCH_THREADS: int = WriteTFRecordsConfig.model_fields["fetch_threads"].default


def measure(folder: Path) -> list[Result]:
    """Two bars, >= 0.85 and >= 3, and two ratios beside them."""
    source = photographs(folder)
    with object_store_server(folder):
        dataset = list_dataset(upload(source, COPIES))
        options = ShardOptions()
        plans = plans_of(dataset, options)
        photos = [open_store(dataset.uri).read(image.name) for image in dataset.images]
        with team(_write, plans) as bare, team(_pixels, photos) as pixels, local_spark(folder / "spark") as context:
            ours = partial(with_spark, context, dataset, options)
            names = ("write_tfrecords", "bare processes")
            return [
                compare(
                    f"write_tfrecords on Spark, {CORES} cores / {CORES} bare processes doing the same",
                    ours,
                    bare,
                    names=names,
                    at_least=0.85,
                    profile=lambda: _profile(plans[0]),
                ),
                compare(
                    "write_tfrecords / decode, resize and encode alone, from memory",
                    ours,
                    pixels,
                    names=("write_tfrecords", "from memory"),
                ),
                compare(
                    "write_tfrecords / the study's method at equal quality (TensorFlow ops in a Spark map, warm)",
                    ours,
                    lambda: _study(context, plans, antialias=True),
                    names=("write_tfrecords", "TensorFlow ops"),
                    at_least=3,
                    profile=lambda: context.parallelize(plans[:1], 1).flatMap(pixels_of).collect(),
                ),
                compare(
                    "write_tfrecords / the study's own resizing (bilinear, not antialiased: worse pictures)",
                    ours,
                    lambda: _study(context, plans, antialias=False),
                    names=("write_tfrecords", "TensorFlow ops, bilinear"),
                ),
            ]


def plans_of(dataset: Dataset, options: ShardOptions) -> list[ShardPlan]:
    """One shard per core, as the workload deals them by default."""
    return plan_shards(dataset, CORES, dataset.uri.replace("/images", "/tfrecords"), options, FETCH_THREADS)


def with_spark(context: SparkContext, dataset: Dataset, options: ShardOptions) -> float:
    """Images per second of the workload's own Spark job."""
    plans = plans_of(dataset, options)
    start = time.perf_counter()
    results = run_tasks(context, plans)
    took = time.perf_counter() - start
    assert sum(result.images_out for result in results) == len(dataset.images)
    return len(dataset.images) / took


def _write(plans: Sequence[ShardPlan]) -> int:
    return sum(write_shard(plan).images_out for plan in plans)


def _pixels(photos: Sequence[bytes]) -> int:
    for photo in photos:
        to_square_jpeg(photo, 192, 90)
    return len(photos)


def _study(context: SparkContext, plans: list[ShardPlan], antialias: bool) -> float:
    start = time.perf_counter()
    done = (
        context.parallelize(plans, len(plans)).mapPartitions(partial(write_with_tensorflow, antialias=antialias)).sum()
    )
    return float(done / (time.perf_counter() - start))


def _profile(plan: ShardPlan) -> list[str]:
    """One shard written in this process: what takes its time."""
    profile, text = cProfile.Profile(), io.StringIO()
    profile.runcall(write_shard, plan)
    pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(12)
    return [line for line in text.getvalue().splitlines() if line.strip()]
