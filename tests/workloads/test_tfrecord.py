"""TFRecord files: what we write is what the format says, and damage is told with its place."""

from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from workloads.errors import TFRecordError
from workloads.tfrecord import FRAME_BYTES, decode_example, encode_example, frame, read_records

INT64 = st.integers(-(2**63), 2**63 - 1)


def reference() -> Any:
    """tf.train.Example, built from its published definition, in Google's own implementation of protocol buffers."""
    kind_of = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="t", syntax="proto3")

    def message(name: str, *fields: tuple[str, int, int, int, str]) -> Any:
        added = file.message_type.add(name=name)
        for field, number, label, kind, type_name in fields:
            added.field.add(name=field, number=number, label=label, type=kind, type_name=type_name or None)
        return added

    one, many = kind_of.LABEL_OPTIONAL, kind_of.LABEL_REPEATED
    message("BytesList", ("value", 1, many, kind_of.TYPE_BYTES, ""))
    message("FloatList", ("value", 1, many, kind_of.TYPE_FLOAT, ""))
    message("Int64List", ("value", 1, many, kind_of.TYPE_INT64, ""))
    kinds = [("bytes_list", "BytesList"), ("float_list", "FloatList"), ("int64_list", "Int64List")]
    message("Feature", *[(name, i, one, kind_of.TYPE_MESSAGE, f".t.{kind}") for i, (name, kind) in enumerate(kinds, 1)])
    features = message("Features", ("feature", 1, many, kind_of.TYPE_MESSAGE, ".t.Features.FeatureEntry"))
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=one, type=kind_of.TYPE_STRING)
    entry.field.add(name="value", number=2, label=one, type=kind_of.TYPE_MESSAGE, type_name=".t.Feature")
    message("Example", ("features", 1, one, kind_of.TYPE_MESSAGE, ".t.Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Example"))


Reference = reference()


@given(st.lists(st.tuples(st.binary(max_size=300), INT64), max_size=8))
def test_round_trip(content: list[tuple[bytes, int]]) -> None:
    shard = b"".join(frame(encode_example(image, label)) for image, label in content)
    records = list(read_records(io.BytesIO(shard), "s"))
    assert [tuple(decode_example(record.data, "s")) for record in records] == content
    ends = [record.offset + len(record.data) + FRAME_BYTES for record in records]
    assert [record.offset for record in records] == [0, *ends][:-1] if records else not shard


@given(st.binary(max_size=300), INT64)
def test_encoding_is_that_of_protocol_buffers(image: bytes, label: int) -> None:
    data = encode_example(image, label)
    example = Reference.FromString(data)
    assert list(example.features.feature["image"].bytes_list.value) == [image]
    assert list(example.features.feature["class"].int64_list.value) == [label]
    assert example.SerializeToString(deterministic=True) == data


@given(st.binary(max_size=300), INT64, st.text(max_size=5))
def test_messages_of_others_are_read(image: bytes, label: int, extra: str) -> None:
    example = Reference()
    example.features.feature["other" + extra].float_list.value.extend([1.5, -2])
    example.features.feature["image"].bytes_list.value.append(image)
    example.features.feature["class"].int64_list.value.append(label)
    assert tuple(decode_example(example.SerializeToString(), "s")) == (image, label)


def crc32c(data: bytes) -> int:
    """Bit by bit, from the polynomial (RFC 3720)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_frame_is_that_of_the_format() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the published check value

    def masked(data: bytes) -> bytes:
        crc = crc32c(data)
        return (((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")

    length = (5).to_bytes(8, "little")
    assert frame(b"hello") == length + masked(length) + b"hello" + masked(b"hello")


@given(st.data())
def test_any_damage_is_told(data: st.DataObject) -> None:
    shard = bytearray(b"".join(frame(encode_example(b"picture %d" % i, i)) for i in range(3)))
    position = data.draw(st.integers(0, len(shard) - 1))
    shard[position] ^= data.draw(st.integers(1, 255))
    with pytest.raises(TFRecordError, match=r"gs://b/x\.tfrec: (damaged|truncated)"):
        list(read_records(io.BytesIO(bytes(shard)), "gs://b/x.tfrec"))


def test_truncation_is_told_with_its_place() -> None:
    first, second = frame(encode_example(b"one", 1)), frame(encode_example(b"two", 2))
    shard = first + second
    for length in range(1, len(shard)):
        if length == len(first):
            continue
        with pytest.raises(TFRecordError, match=rf"x: truncated at byte {length}\b"):
            list(read_records(io.BytesIO(shard[:length]), "x"))


def test_records_before_the_damage_are_read() -> None:
    first, second = frame(b"one"), bytearray(frame(b"two"))
    second[-1] ^= 1
    records = read_records(io.BytesIO(first + bytes(second)), "x")
    assert next(records).data == b"one"
    with pytest.raises(TFRecordError, match=f"the record at byte {len(first)} does not match"):
        next(records)


def test_other_features_are_told() -> None:
    example = Reference()
    example.features.feature["img"].bytes_list.value.append(b"x")
    example.features.feature["class"].float_list.value.append(1)
    expected = r"x: the record holds class \(float.*img \(bytes, 1 values\); expected class \(int64.*image \(bytes"
    with pytest.raises(TFRecordError, match=expected):
        decode_example(example.SerializeToString(), "x")
    with pytest.raises(TFRecordError, match="no features"):
        decode_example(b"", "x")


@given(st.binary(min_size=1, max_size=60))
def test_what_is_no_example_is_told(data: bytes) -> None:
    with pytest.raises(TFRecordError, match=r"not a tf\.train\.Example|expected class"):
        decode_example(data, "x")


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="tensorflow is not installed")
def test_tensorflow_reads_our_shards(tmp_path: Path) -> None:
    import tensorflow as tf

    from tests.support.workloads.pictures import encode, gradient
    from workloads.images import to_square_jpeg

    images = [to_square_jpeg(encode(gradient(300 + i, 240)), 192, 90) for i in range(5)]
    path = tmp_path / "images00-5.tfrec"
    path.write_bytes(b"".join(frame(encode_example(image, i)) for i, image in enumerate(images)))
    features = {"image": tf.io.FixedLenFeature([], tf.string), "class": tf.io.FixedLenFeature([], tf.int64)}
    for i, record in enumerate(tf.data.TFRecordDataset(str(path))):
        example = tf.io.parse_single_example(record, features)
        assert example["image"].numpy() == images[i]
        assert example["class"].numpy() == i
        assert tf.io.decode_jpeg(example["image"]).shape == (192, 192, 3)
