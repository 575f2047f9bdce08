"""Images to TFRecords on a real Spark, from and to a real object store."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.workloads.pictures import FLOWERS, encode, gradient, nasty
from workloads.contract import Measurements
from workloads.errors import ConfigError, DatasetError, WorkloadError
from workloads.generate import draw
from workloads.record import Summary
from workloads.shards import MANIFEST, list_shards, plan_shards
from workloads.storage import Folder, Store, open_store
from workloads.tfrecord import Example, decode_example, read_records
from workloads.write_tfrecords import job
from workloads.write_tfrecords.config import WriteTFRecordsConfig

ROOT = Path(__file__).resolve().parents[2]


def examples(store: Store) -> list[Example]:
    found = []
    for shard in list_shards(store):
        with store.open(shard) as stream:
            found += [decode_example(record.data, shard) for record in read_records(stream, shard)]
    return found


def contents(store: Store) -> dict[str, bytes]:
    return {entry.name: store.read(entry.name) for entry in store.list()}


def run(images_uri: str, output_uri: str, **settings: Any) -> tuple[Summary, dict[str, Any]]:
    """The job within this process, on the SparkContext of the fixture."""
    config = WriteTFRecordsConfig(images_uri=images_uri, output_uri=output_uri, **settings)
    measurements = Measurements()
    outcome = job.write_tfrecords(config, measurements)
    (row,) = measurements.rows
    summary = Summary(
        workload="write_tfrecords",
        status="ok",
        items_in=outcome.items_in,
        items_out=outcome.items_out,
        items_rejected=len(outcome.rejected),
        rejected=outcome.rejected,
        started_at=0,
        ended_at=0,
        notes=outcome.notes,
        bytes_read=outcome.bytes_read,
        bytes_written=outcome.bytes_written,
    )
    return summary, row


@pytest.fixture
def drawn(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "images")
    for index in range(23):
        folder.write(*draw(index, seed=7))
    return folder


@pytest.mark.parametrize("place", ["bucket", "folder"])
def test_nasty_images_are_each_accounted_for(
    place: str, spark: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    root = request.getfixturevalue("bucket") if place == "bucket" else str(tmp_path)
    source = open_store(f"{root}/images")
    images = nasty()
    for name, (data, _) in images.items():
        source.write(name, data)
    source.write("README.txt", b"beside the classes")
    if place == "bucket":
        source.write("empty class/", b"")
    else:
        (tmp_path / "images" / "empty class").mkdir()

    summary, row = run(f"{root}/images", f"{root}/tfrecords", partitions=4)

    good = [name for name, (_, why) in images.items() if why is None]
    bad = {name: why for name, (_, why) in images.items() if why is not None}
    assert (summary.items_in, summary.items_out, summary.items_rejected) == (len(images), len(good), len(bad))
    reasons = {item.name: item.reason for item in summary.rejected}
    assert {name: reason.partition(":")[0] for name, reason in reasons.items()} == bad
    assert any("'empty class' holds no image" in note for note in summary.notes)
    assert any("README.txt" in note for note in summary.notes)
    assert summary.bytes_read == sum(len(data) for data, _ in images.values())
    assert row["images"] == len(good)
    assert row["images_rejected"] == len(bad)
    assert row["source"] == place

    found = examples(open_store(f"{root}/tfrecords"))
    labels = {name: label for label, name in enumerate(sorted({name.partition("/")[0] for name in images}))}
    assert Counter(example.label for example in found) == Counter(labels[name.partition("/")[0]] for name in good)
    for example in found:
        with Image.open(io.BytesIO(example.image)) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (192, 192))


def test_no_image_is_lost_or_doubled(spark: Any, tmp_path: Path) -> None:
    """Each image is of one colour of its own, which survives the compression."""
    source = Folder(tmp_path / "images")
    colours = {(r, g, b) for r in (0, 60, 120, 180, 240) for g in (0, 80, 160, 240) for b in (0, 120, 240)}
    for i, colour in enumerate(sorted(colours)):
        source.write(f"class{i % 3}/{i // 3}.jpg", encode(Image.new("RGB", (50, 40), colour), "PNG"))
    run(source.uri, str(tmp_path / "out"), partitions=7, jpeg_quality=95)
    seen: Counter[tuple[int, ...]] = Counter()
    for example in examples(Folder(tmp_path / "out")):
        pixel = Image.open(io.BytesIO(example.image)).getpixel((90, 90))
        assert isinstance(pixel, tuple)
        seen[min(colours, key=lambda colour: sum((a - b) ** 2 for a, b in zip(colour, pixel, strict=True)))] += 1
    assert seen == Counter(colours)


def test_same_input_same_bytes_in_bucket_and_folder(spark: Any, drawn: Folder, bucket: str) -> None:
    remote = open_store(f"{bucket}/images")
    for entry in drawn.list():
        remote.write(entry.name, drawn.read(entry.name))
    outputs = []
    for source, target in [
        (drawn.uri, f"{drawn.path.parent}/one"),
        (drawn.uri, f"{drawn.path.parent}/two"),
        (remote.uri, f"{bucket}/three"),
    ]:
        run(source, target, partitions=5)
        outputs.append({name: data for name, data in contents(open_store(target)).items() if name != MANIFEST})
    assert len(outputs[0]) == 5
    assert outputs[0] == outputs[1] == outputs[2]


def test_shards_are_named_like_the_public_set(spark: Any, drawn: Folder, tmp_path: Path) -> None:
    run(drawn.uri, str(tmp_path / "out"), partitions=3, shard_prefix="flowers")
    shards = ["flowers00-8.tfrec", "flowers01-8.tfrec", "flowers02-7.tfrec"]
    assert sorted(contents(Folder(tmp_path / "out"))) == [*shards, MANIFEST]
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_bytes())
    assert [shard["name"] for shard in manifest["shards"]] == shards
    assert manifest["classes"] == ["daisy", "dandelion", "roses", "sunflowers", "tulips"]


def test_partitions_default_to_the_cores_of_the_cluster(spark: Any, drawn: Folder, tmp_path: Path) -> None:
    run(drawn.uri, str(tmp_path / "out"))
    assert len(list_shards(Folder(tmp_path / "out"))) == spark.defaultParallelism == 2


def test_a_second_run_replaces_the_first(spark: Any, drawn: Folder, bucket: str) -> None:
    store = open_store(f"{bucket}/out")
    run(drawn.uri, store.uri, partitions=6)
    store.write("notes.tfrec", b"of somebody else")
    summary, _ = run(drawn.uri, store.uri, partitions=2)
    assert sorted(contents(store)) == ["images00-12.tfrec", "images01-11.tfrec", MANIFEST, "notes.tfrec"]
    assert any("6 shard(s) of an earlier run were removed" in note for note in summary.notes)


def test_an_unfinished_run_has_no_manifest(spark: Any, drawn: Folder, tmp_path: Path) -> None:
    run(drawn.uri, str(tmp_path / "out"), partitions=2)
    (drawn.path / "daisy" / "gone.jpg").symlink_to(tmp_path / "nothing")
    with pytest.raises(WorkloadError, match=r"a task failed: workloads\.errors\.NotFound: no file .*gone\.jpg"):
        run(drawn.uri, str(tmp_path / "out"), partitions=2)
    assert MANIFEST not in contents(Folder(tmp_path / "out"))


def test_more_partitions_than_images(spark: Any, tmp_path: Path) -> None:
    source = Folder(tmp_path / "images")
    for name in "abc":
        source.write(f"x/{name}.jpg", encode(gradient()))
    source.write("x/d.jpg", b"no image")
    summary, _ = run(source.uri, str(tmp_path / "out"), partitions=64)
    assert (summary.items_out, summary.items_rejected) == (3, 1)
    assert len(examples(Folder(tmp_path / "out"))) == 3


def test_classes_fix_the_labels(spark: Any, drawn: Folder, tmp_path: Path) -> None:
    classes = ["tulips", "sunflowers", "roses", "orchids", "dandelion", "daisy"]
    summary, _ = run(drawn.uri, str(tmp_path / "out"), partitions=1, classes=classes)
    assert {example.label for example in examples(Folder(tmp_path / "out"))} == {0, 1, 2, 4, 5}
    assert "class 'orchids' holds no image" in summary.notes
    with pytest.raises(DatasetError, match="also holds"):
        run(drawn.uri, str(tmp_path / "out"), classes=["tulips"])


def test_output_among_the_images_is_refused(drawn: Folder) -> None:
    with pytest.raises(ConfigError, match="must not lie inside images_uri"):
        run(drawn.uri, f"{drawn.uri}/tfrecords")


@pytest.mark.parametrize("seed", [None, 0, 5])
def test_every_image_is_dealt_once(drawn: Folder, seed: int | None) -> None:
    from workloads.dataset import list_dataset
    from workloads.shards import ShardOptions

    dataset = list_dataset(drawn.uri)
    plans = plan_shards(dataset, 4, "out", ShardOptions(shuffle_seed=seed), 1)
    dealt = [name for plan in plans for name in plan.names]
    assert sorted(dealt) == [image.name for image in dataset.images]
    assert max(len(plan.names) for plan in plans) - min(len(plan.names) for plan in plans) <= 1


def test_workers_import_only_what_they_need(
    spark: Any, drawn: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        spark.environment, "WORKERS_OF", "this test"
    )  # new ones: Spark keeps others for its environment
    run(drawn.uri, str(tmp_path / "out"), partitions=2)
    loaded = spark.parallelize([0], 1).map(lambda _: sorted(sys.modules)).collect()[0]
    assert "workloads.shards" in loaded
    assert {"pydantic", "pandas", "tensorflow"} & set(loaded) == set()


@pytest.mark.timeout(900)
def test_spark_submit_with_zip_and_launcher(bucket: str, drawn: Folder, tmp_path: Path) -> None:
    """The way it runs on a cluster: a zip, a main file, and nothing of the checkout on the path."""
    from tests.support.spark import set_java_home
    from workloads.package import build_zip

    set_java_home()
    package = build_zip(tmp_path / "workloads.zip")
    again = build_zip(tmp_path / "again.zip")
    assert package.read_bytes() == again.read_bytes()
    launcher = tmp_path / "launch.py"
    launcher.write_bytes((ROOT / "workloads" / "launch.py").read_bytes())
    store = open_store(bucket)
    for entry in drawn.list():
        store.write(f"images/{entry.name}", drawn.read(entry.name))
    config = {"images_uri": f"{bucket}/images", "output_uri": f"{bucket}/out", "partitions": 2}
    store.write("config.json", json.dumps(config).encode())
    import os

    import pyspark

    submit = Path(pyspark.__file__).parent / "bin" / "spark-submit"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYSPARK_PYTHON": sys.executable, "BAKEOFF_PROGRESS": str(tmp_path / "progress.json")}
    command = [
        *(str(submit), "--master", "local[2]", "--conf", "spark.ui.enabled=false", "--py-files", str(package)),
        *("--conf", f"spark.executorEnv.PYTHONPATH={package}"),
        *("--conf", "spark.python.daemon.module=workloads.spark_daemon"),
        *(str(launcher), "write_tfrecords", "--config", f"{bucket}/config.json", "--out", f"{bucket}/results"),
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=800, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    summary = Summary.model_validate_json(store.read("results/summary.json"))
    assert (summary.status, summary.items_in, summary.items_out) == ("ok", 23, 23)
    row = json.loads(store.read("results/measurements.jsonl"))
    assert row["images_per_s"] == pytest.approx(23 / row["duration_s"])
    steady = summary.facts["steady_images_per_s"]
    assert isinstance(steady, float)
    assert steady > row["images_per_s"]  # which pays for the start of the Python workers
    progress = json.loads((tmp_path / "progress.json").read_text())
    assert progress == {"done": 23, "total": 23, "unit": "images"}


@pytest.mark.skipif(not FLOWERS.is_dir(), reason="the real photographs (../shared/data/flowers) are not here")
def test_real_photographs(spark: Any, tmp_path: Path) -> None:
    summary, row = run(str(FLOWERS), str(tmp_path / "out"), partitions=2)
    assert (summary.items_in, summary.items_out) == (800, 800)
    assert Counter(example.label for example in examples(Folder(tmp_path / "out"))) == dict.fromkeys(range(5), 160)
    assert row["images_per_s"] > 0
