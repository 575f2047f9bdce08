"""Write images as TFRecord shards, one shard per Spark task.

The driver lists the images and deals them out explicitly, one element per partition: Spark neither lists nor splits, so
every core has the same share of the work. Each task answers with the accounts of its shard only, never with image data.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from pyspark import SparkContext

from workloads.contract import Accounts, Measurements, run_job
from workloads.dataset import list_dataset
from workloads.record import Rejected
from workloads.shards import ShardPlan, ShardResult, begin_output, finish_output, plan_shards, write_shard
from workloads.spark import counted, spark_context
from workloads.storage import GS
from workloads.write_tfrecords.config import WriteTFRecordsConfig

NAME = "write_tfrecords"


def write_tfrecords(config: WriteTFRecordsConfig, measurements: Measurements) -> Accounts:
    """Read images from a bucket, resize and centre-crop them, and write them as TFRecord shards."""
    dataset = list_dataset(config.images_uri, config.classes)
    begin_output(dataset, config.output_uri)
    options = config.shard_options
    with spark_context(NAME) as context:
        shards = config.partitions or context.defaultParallelism
        plans = plan_shards(dataset, shards, config.output_uri, options, config.fetch_threads)
        started_at, start = time.time(), time.perf_counter()
        results = run_tasks(context, plans)
        duration_s = time.perf_counter() - start
    stale = finish_output(dataset, config.output_uri, options, shards, results)
    rejected = [Rejected(name=name, reason=why) for result in results for name, why in result.rejected]
    bytes_read = sum(result.bytes_read for result in results)
    bytes_written = sum(result.bytes_written for result in results)
    measurements.add(
        operation="write",
        format="tfrecord",
        source="bucket" if config.images_uri.startswith(GS) else "folder",
        cache="unknown",
        started_at=started_at,
        duration_s=duration_s,
        images=sum(result.images_out for result in results),
        images_rejected=len(rejected),
        bytes_read=bytes_read,
        bytes_written=bytes_written,
    )
    notes = [f"{len(plans)} tasks; labels: {dataset.labels}", *dataset.notes]
    if stale:
        notes.append(f"{len(stale)} shard(s) of an earlier run were removed")
    if without := sum(result.name is None for result in results):
        notes.append(f"{without} task(s) had no usable image and wrote no shard")
    return Accounts(
        items_in=len(dataset.images),
        items_out=sum(result.images_out for result in results),
        rejected=sorted(rejected, key=lambda item: item.name),
        bytes_read=bytes_read,
        bytes_written=bytes_written,
        notes=notes,
        # From the first shard's start to the last one's end: without the start of the Python workers.
        facts={
            "steady_images_per_s": sum(result.images_in for result in results)
            / (max(result.ended for result in results) - min(result.began for result in results))
        },
    )


def run_tasks(context: SparkContext, plans: Sequence[ShardPlan]) -> list[ShardResult]:
    """Write all shards on the cluster. Finished tasks report the images they went through while others still work."""
    with counted(context, sum(len(plan.names) for plan in plans)) as done:

        def task(plan: ShardPlan) -> ShardResult:
            result = write_shard(plan)
            done.add(result.images_in)
            return result

        results: list[ShardResult] = context.parallelize(plans, len(plans)).map(task).collect()
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    return run_job(NAME, WriteTFRecordsConfig, write_tfrecords, arguments)


if __name__ == "__main__":
    sys.exit(main())
