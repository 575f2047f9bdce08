"""TFRecord files of ``tf.train.Example`` messages, without TensorFlow.

A record is framed as: length (uint64), masked CRC-32C of the length, data, masked CRC-32C of the data, little-endian
(https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details). Each example holds two features, as
in the public Flowers set: ``image`` (JPEG bytes) and ``class`` (int64).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

import google_crc32c
from google.protobuf.message import DecodeError

from workloads.errors import TFRecordError
from workloads.example_message import ExampleMessage

SUFFIX = ".tfrec"
FRAME_BYTES = 16  # of a record, besides its data
MAX_RECORD_BYTES = 1 << 30
_HEADER = struct.Struct("<QI")
_CRC = struct.Struct("<I")


class Record(NamedTuple):
    """One record as it lies in a shard."""

    offset: int  # byte at which its frame begins
    data: bytes


class Example(NamedTuple):
    """What a record holds."""

    image: bytes
    label: int


def frame(data: bytes) -> bytes:
    """One framed record."""
    length = struct.pack("<Q", len(data))
    return length + _CRC.pack(_masked_crc(length)) + data + _CRC.pack(_masked_crc(data))


def _unusable(shard: str, why: str) -> TFRecordError:
    return TFRecordError(f"{shard}: {why}; delete it and write the TFRecords again")


def read_records(stream: IO[bytes], shard: str) -> Iterator[Record]:
    """The records of one shard, each checksum verified.

    Raises:
        TFRecordError: the shard ends within a record, or a checksum does not match; names the shard, the offset and the cure.
    """
    offset = 0
    while header := stream.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise _unusable(shard, f"truncated at byte {offset + len(header)}, within the header of a record")
        length, crc = _HEADER.unpack(header)
        if _masked_crc(header[:8]) != crc or length > MAX_RECORD_BYTES:
            raise _unusable(shard, f"damaged at byte {offset}: the record's length does not match its checksum")
        body = stream.read(length + _CRC.size)
        if len(body) < length + _CRC.size:
            raise _unusable(
                shard, f"truncated at byte {offset + _HEADER.size + len(body)}, within the record at {offset}"
            )
        data = body[:length]
        if _masked_crc(data) != _CRC.unpack(body[length:])[0]:
            raise _unusable(shard, f"damaged: the record at byte {offset} does not match its checksum")
        yield Record(offset, data)
        offset += length + FRAME_BYTES


def encode_example(image: bytes, label: int) -> bytes:
    """A serialised ``tf.train.Example``; features in alphabetic order, as in TensorFlow's deterministic form."""
    message = ExampleMessage()
    features = message.features.feature
    features["class"].int64_list.value.append(label)
    features["image"].bytes_list.value.append(image)
    encoded: bytes = message.SerializeToString(deterministic=True)
    return encoded


def decode_example(data: bytes, where: str) -> Example:
    """The two features of a serialised ``tf.train.Example``.

    Raises:
        TFRecordError: the record is no Example, or its features are others; names those found and those expected.
    """
    try:
        features = ExampleMessage.FromString(data).features.feature
        # A map makes what it lacks; the list of such a feature is empty.
        return Example(features["image"].bytes_list.value[0], features["class"].int64_list.value[0])
    except DecodeError as error:
        raise TFRecordError(f"{where}: the record is not a tf.train.Example") from error
    except IndexError:
        expected = "class (int64, 1 value), image (bytes, 1 value)"
        raise TFRecordError(f"{where}: the record holds {_described(data)}; expected {expected}") from None


def _described(data: bytes) -> str:
    """The features of a serialised Example: name, kind and number of values of each."""
    described = []
    for name, feature in sorted(ExampleMessage.FromString(data).features.feature.items()):
        kind = feature.WhichOneof("kind")
        count = len(getattr(feature, kind).value) if kind else 0
        described.append(f"{name} ({kind.removesuffix('_list') if kind else 'empty'}, {count} values)")
    return ", ".join(described) or "no features"


def _masked_crc(data: bytes) -> int:
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFF_FFFF
