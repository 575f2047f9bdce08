"""A worker's share of the TFRecords, decoded on to its disk; and the checkpoint."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.workloads.pictures import encode
from workloads.errors import DatasetError, StorageError, TFRecordError, WorkloadError
from workloads.shards import ShardOptions
from workloads.storage import Folder
from workloads.tfrecord import encode_example, frame
from workloads.tfrecord_set import complete_shards, prepare_tfrecords
from workloads.train import checkpoint as checkpoints
from workloads.train.checkpoint import Checkpoint
from workloads.train.config import TrainConfig
from workloads.train.staging import SPLITS, Staged, record_bytes, split_of, stage

SIZE = 32


def jpeg(number: int) -> bytes:
    return encode(Image.new("RGB", (40, 40), (number * 5 % 256, number * 3 % 256, 90)))


def write(store: Folder, shards: int = 3, images: int = 60, extra: bytes = b"") -> list[str]:
    for shard in range(shards):
        records = [frame(encode_example(jpeg(n), n % 5)) for n in range(images) if n % shards == shard]
        store.write(f"s{shard:02d}.tfrec", b"".join(records) + extra)
    return [f"s{shard:02d}.tfrec" for shard in range(shards)]


def staged(store: Folder, shards: list[str], folder: Path, **settings: Any) -> Staged:
    return stage(store, shards, folder, **{"image_size": SIZE, "validation_ratio": 0.3, **settings})


def records(found: Staged, split: str) -> list[bytes]:
    data, length = found.path(split).read_bytes(), record_bytes(SIZE)
    return [data[at : at + length] for at in range(0, len(data), length)]


def test_each_image_is_staged_once_by_one_worker_on_one_side(tmp_path: Path) -> None:
    store = Folder(tmp_path / "set")
    shards = write(store)
    whole = staged(store, shards, tmp_path / "whole")
    parts = [staged(store, shards, tmp_path / f"part{n}", worker=n, workers=3) for n in range(3)]
    assert sum(whole.listed.values()) == sum(whole.images.values()) == 60
    assert whole.classes == 5
    for split in SPLITS:
        assert 5 < len(records(whole, split)) < 55
        assert all(part.listed == whole.listed for part in parts)
        # Worker n has every third image, from the n-th on: what one device takes in turns.
        for n, part in enumerate(parts):
            assert records(part, split) == records(whole, split)[n::3]
    label = struct.unpack("<i", records(whole, "train")[0][:4])[0]
    pixels = np.frombuffer(records(whole, "train")[0][4:], np.uint8).reshape(SIZE, SIZE, 3)
    sources = [n for n in range(60) if n % 5 == label and split_of(jpeg(n), 0.3) == "train"]
    colours = [np.asarray(Image.open(io.BytesIO(jpeg(n))))[20, 20] for n in sources]
    assert min(int(np.abs(pixels[16, 16].astype(int) - c).max()) for c in colours) <= 4


def test_the_split_does_not_depend_on_the_shards(tmp_path: Path) -> None:
    one, many = Folder(tmp_path / "one"), Folder(tmp_path / "many")
    sides = []
    for store, count in ((one, 1), (many, 7)):
        found = staged(store, write(store, count), tmp_path / f"staged{count}")
        sides.append({split: sorted(hashlib.sha256(r).hexdigest() for r in records(found, split)) for split in SPLITS})
    assert sides[0] == sides[1]


def test_images_that_cannot_be_decoded_are_named(tmp_path: Path) -> None:
    store = Folder(tmp_path / "set")
    shards = write(store, extra=frame(encode_example(b"no image", 1)))
    found = staged(store, shards, tmp_path / "staged")
    assert sum(found.images.values()) == 60
    assert len(found.rejected) == 3
    assert found.rejected[0][0].startswith("s00.tfrec@")
    assert "not a JPEG or PNG" in found.rejected[0][1]


def test_a_wrong_feature_layout_names_what_was_found_and_expected(tmp_path: Path) -> None:
    store = Folder(tmp_path / "set")
    wrong = encode_example(jpeg(1), 1).replace(b"class", b"label")
    shards = write(store, extra=frame(wrong))
    with pytest.raises(TFRecordError, match=r"s00\.tfrec, byte \d+: the record holds image .*label .*expected class"):
        staged(store, shards, tmp_path / "staged")


@pytest.mark.parametrize("damage", ["truncated", "checksum"])
def test_damaged_shards_are_named(tmp_path: Path, damage: str) -> None:
    store = Folder(tmp_path / "set")
    shards = write(store)
    data = store.read(shards[1])
    store.write(shards[1], data[:-7] if damage == "truncated" else data[:-30] + b"\0" + data[-29:])
    with pytest.raises(TFRecordError, match=r"s01\.tfrec: (truncated|damaged)"):
        staged(store, shards, tmp_path / "staged")


def test_a_side_of_the_split_without_images_is_refused(tmp_path: Path) -> None:
    store = Folder(tmp_path / "set")
    with pytest.raises(DatasetError, match="none of them for validation at validation_ratio 1e-06"):
        staged(store, write(store), tmp_path / "staged", validation_ratio=1e-6)


def test_an_empty_place_is_refused(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(DatasetError, match="no images at gs://"):
        prepare_tfrecords(f"{bucket}/images", f"{bucket}/out", ShardOptions(), 2, threads=1)
    with pytest.raises(DatasetError, match=r"no TFRecord shards \(\*\.tfrec\)"):
        complete_shards(Folder(tmp_path / "nothing"))


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    store = Folder(tmp_path / "set")
    full = tmp_path / "staged"
    full.mkdir()
    (full / "train.raw").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="No space left on device"):
        staged(store, write(store), full)


def test_a_checkpoint_is_taken_up_only_by_the_same_run(tmp_path: Path) -> None:
    store = Folder(tmp_path)
    weights = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array([7], np.float32)]
    checkpoints.save(store, Checkpoint("run-a", [{"epoch": 1, "updates": 4}], weights, [np.array(4)], []))
    found = checkpoints.load(store, "run-a")
    assert found is not None
    assert found.history == [{"epoch": 1, "updates": 4}]
    assert [w.tolist() for w in found.weights] == [w.tolist() for w in weights]
    assert (len(found.slots), found.best) == (1, [])
    assert checkpoints.load(store, "run-b") is None
    store.write(checkpoints.CHECKPOINT, b"PK cut off")
    with pytest.raises(WorkloadError, match=r"damaged .* delete it"):
        checkpoints.load(store, "run-a")
    store.delete(checkpoints.CHECKPOINT)
    assert checkpoints.load(store, "run-a") is None


def test_a_run_is_known_by_what_determines_it() -> None:
    config = TrainConfig(images_uri="a", output_uri="b")
    same = TrainConfig(images_uri="a", output_uri="b", threads=3, peer_timeout_s=9)
    other = TrainConfig(images_uri="a", output_uri="b", batch_size=32)
    assert checkpoints.identity(config, "x") == checkpoints.identity(same, "x")
    assert len({checkpoints.identity(c, listing) for c in (config, other) for listing in ("x", "y")}) == 4
