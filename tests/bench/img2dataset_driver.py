"""Runs in the environment of its own (requirements.txt), once, as a server: a line in, a rate out.

python img2dataset_driver.py URLS.txt OUT CORES THREADS COUNT FORMAT

For each line on standard input it runs img2dataset with its pyspark distributor, on a Spark session that stays warm, and
answers ``{"rate": images/s}``: COUNT over the time from the first shard's start to the last one's end, by img2dataset's own
statistics, so that neither its start nor its logger's last seconds count.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from img2dataset import download
from pyspark.sql import SparkSession


def main() -> None:
    urls, out, cores, threads, count, form = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what it prints is no answer
    os.environ["PYSPARK_PYTHON"] = sys.executable
    SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false").config(
        "spark.driver.host", "127.0.0.1"
    ).config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    for _ in sys.stdin:
        shutil.rmtree(out, ignore_errors=True)
        download(
            url_list=urls,
            input_format="txt",
            output_folder=out,
            output_format=form,
            distributor="pyspark",
            subjob_size=1000,
            processes_count=int(cores),
            thread_count=int(threads),
            number_sample_per_shard=-(-int(count) // int(cores)),
            image_size=192,
            resize_mode="center_crop",
            downscale_interpolation="area",
            upscale_interpolation="cubic",
            encode_format="jpg",
            encode_quality=90,
            compute_hash=None,
            extract_exif=False,
            retries=0,
        )
        told = [json.loads(path.read_text()) for path in Path(out).glob("*_stats.json")]
        done = sum(stats["successes"] for stats in told)
        span = max(stats["end_time"] for stats in told) - min(stats["start_time"] for stats in told)
        print(json.dumps({"done": done, "rate": done / span}), file=answers, flush=True)


if __name__ == "__main__":
    main()
