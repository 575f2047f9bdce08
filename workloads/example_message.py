"""``tf.train.Example`` as a message of ``google.protobuf``, without TensorFlow.

The fields are those of tensorflow/core/example/example.proto and feature.proto. The messages lie in a pool of their own, so
that they do not collide with TensorFlow's where a program imports both.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto


def _message_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="bakeoff", syntax="proto3")

    def add(message: Any, name: str, number: int, kind: int, of: str = "", repeated: bool = False) -> Any:
        label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
        field = message.field.add(name=name, number=number, type=kind, label=label)
        if of:
            field.type_name = f".bakeoff.{of}"
        return field

    for name, kind in (
        ("BytesList", _Field.TYPE_BYTES),
        ("FloatList", _Field.TYPE_FLOAT),
        ("Int64List", _Field.TYPE_INT64),
    ):
        add(file.message_type.add(name=name), "value", 1, kind, repeated=True)
    feature = file.message_type.add(name="Feature")
    feature.oneof_decl.add(name="kind")
    for number, name in enumerate(("bytes", "float", "int64"), 1):
        add(feature, f"{name}_list", number, _Field.TYPE_MESSAGE, f"{name.capitalize()}List").oneof_index = 0
    features = file.message_type.add(name="Features")
    entry = features.nested_type.add(name="FeatureEntry")
    entry.options.map_entry = True
    add(entry, "key", 1, _Field.TYPE_STRING)
    add(entry, "value", 2, _Field.TYPE_MESSAGE, "Feature")
    add(features, "feature", 1, _Field.TYPE_MESSAGE, "Features.FeatureEntry", repeated=True)
    add(file.message_type.add(name="Example"), "features", 1, _Field.TYPE_MESSAGE, "Features")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("bakeoff.Example"))


ExampleMessage = _message_class()
"""``Example().features.feature["image"].bytes_list.value`` and so on, as in TensorFlow."""
