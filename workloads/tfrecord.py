"""TFRecord files of ``tf.train.Example`` messages, without TensorFlow.

A record is framed as: length (uint64), masked CRC-32C of the length, data, masked CRC-32C of the data, little-endian
(https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details). Each example holds two features, as
in the public Flowers set: ``image`` (JPEG bytes) and ``class`` (int64).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import IO, NamedTuple

import google_crc32c

from workloads.errors import TFRecordError

SUFFIX = ".tfrec"
FRAME_BYTES = 16  # of a record, besides its data
MAX_RECORD_BYTES = 1 << 30
_HEADER = struct.Struct("<QI")
_CRC = struct.Struct("<I")
_VARINT = rb"[\x80-\xff]*[\x00-\x7f]"
_HEAD = re.compile(
    rb"\n_\n\x0e\n\x05class\x12\x05\x1a\x03\n\x01(.)\n_\n\x05image\x12_\n_\n_".replace(b"_", _VARINT), re.DOTALL
)
_KINDS = {1: "bytes", 2: "float", 3: "int64"}  # field numbers of tf.train.Feature


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
    return _head(len(image), label) + image


@lru_cache(4096)
def _head(size: int, label: int) -> bytes:
    """All of an example before its image, of ``size`` bytes, which comes last."""
    value = _field(3, _field(1, _varint(label & 0xFFFF_FFFF_FFFF_FFFF)))
    head = b""
    for before in (b"\n", b"\n", _field(1, b"image") + b"\x12", b"\n"):  # Feature, BytesList, entry, and its place
        head = before + _varint(len(head) + size) + head
    features = _entry(b"class", value) + head
    return b"\n" + _varint(len(features) + size) + features


def decode_example(data: bytes, where: str) -> Example:
    """The two features of a serialised ``tf.train.Example``.

    Raises:
        TFRecordError: the record is no Example, or its features are others; names those found and those expected.
    """
    # What encode_example writes need not be taken apart, which would take a quarter of the time that its JPEG takes.
    if (head := _HEAD.match(data)) and head[0] == _head(len(data) - head.end(), head[1][0]):
        return Example(data[head.end() :], head[1][0])
    try:
        features = _parse(data)
    except (IndexError, ValueError) as error:
        raise TFRecordError(f"{where}: the record is not a tf.train.Example") from error
    image, label = features.get("image"), features.get("class")
    if image is None or label is None or image[0] != "bytes" or label[0] != "int64" or not image[1] or not label[1]:
        found = ", ".join(f"{name} ({kind}, {len(values)} values)" for name, (kind, values) in sorted(features.items()))
        expected = "class (int64, 1 value), image (bytes, 1 value)"
        raise TFRecordError(f"{where}: the record holds {found or 'no features'}; expected {expected}")
    first_image, first_label = image[1][0], label[1][0]
    assert isinstance(first_image, bytes)
    assert isinstance(first_label, int)
    return Example(first_image, first_label)


def _masked_crc(data: bytes) -> int:
    crc: int = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFF_FFFF


# The protocol-buffer wire format, as far as Example needs it: https://protobuf.dev/programming-guides/encoding/


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, payload: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(payload)) + payload


def _entry(key: bytes, feature: bytes) -> bytes:
    return _field(1, _field(1, key) + _field(2, feature))


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("varint of more than 64 bits")


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """(number, payload) of each field; varints as int, fixed-width ones as bytes."""
    position = 0
    while position < len(data):
        key, position = _read_varint(data, position)
        wire_type = key & 7
        if wire_type == 0:
            value, position = _read_varint(data, position)
            yield key >> 3, value
            continue
        if wire_type == 2:
            size, position = _read_varint(data, position)
        elif wire_type in (1, 5):
            size = 8 if wire_type == 1 else 4
        else:
            raise ValueError(f"wire type {wire_type}")
        if position + size > len(data):
            raise ValueError("field longer than its message")
        yield key >> 3, data[position : position + size]
        position += size


def _message(payload: memoryview | int) -> memoryview:
    if isinstance(payload, int):
        raise ValueError("a number where a message belongs")
    return payload


def _parse(data: bytes) -> dict[str, tuple[str, list[bytes | int]]]:
    """Kind and values of each feature. Of float lists only the kind is told: no caller wants the values."""
    found: dict[str, tuple[str, list[bytes | int]]] = {}
    for number, features in _fields(memoryview(data)):
        if number != 1:
            continue
        for number, entry in _fields(_message(features)):
            if number != 1:
                continue
            parts = dict(_fields(_message(entry)))
            key = bytes(_message(parts.get(1, memoryview(b"")))).decode()
            found[key] = _parse_feature(_message(parts.get(2, memoryview(b""))))
    return found


def _parse_feature(feature: memoryview) -> tuple[str, list[bytes | int]]:
    kind, values = "empty", []
    for number, payload in _fields(feature):
        kind, values = _KINDS.get(number, "unknown"), list[bytes | int]()
        for field, value in _fields(_message(payload)):
            if field != 1:
                continue
            if kind == "bytes":
                values.append(bytes(_message(value)))
            elif kind == "int64":
                values.extend([_signed(value)] if isinstance(value, int) else _packed(value))
    return kind, values


def _packed(data: memoryview) -> list[bytes | int]:
    values: list[bytes | int] = []
    position = 0
    while position < len(data):
        value, position = _read_varint(data, position)
        values.append(_signed(value))
    return values


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
