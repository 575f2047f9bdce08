"""The stand-in for the ``google`` provider: its schema behind Terraform's plugin protocol. It calls no Google API.

Started by infra/review/google_provider/serve.py, isolated from the packages installed here:
``python -IS server.py PACKAGES_DIR SCHEMA_JSON SOCKET``. It says "ready" once it listens, and ends with its parent. It
validates and plans; it cannot apply. Beside Terraform's own checks against the schema it refuses a value for what only
the provider sets, and a value outside a documented enumeration. Not checked: the provider's own rules in code, defaults,
what replaces a resource, permissions, quotas, whatever the API would say.

Protocol: version 6 of tfplugin, https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

sys.path.insert(0, sys.argv[1])

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc

STAND_IN = "Schema stand-in for the google provider"
UNKNOWN = msgpack.ExtType(0, b"\0")  # "known after apply"
ENUMERATION = re.compile(r"Possible values: (\[.*?\])")
NESTING = pb.Schema.NestedBlock
MODES = {"single": NESTING.SINGLE, "list": NESTING.LIST, "set": NESTING.SET}

Block = dict[str, Any]


def block_message(block: Block) -> Any:
    attributes = [
        pb.Schema.Attribute(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            description=attribute.get("description", ""),
            required=attribute.get("required", False),
            optional=attribute.get("optional", False),
            computed=attribute.get("computed", False),
        )
        for name, attribute in block["attributes"].items()
    ]
    nested = [
        NESTING(
            type_name=name,
            nesting=MODES[inner["nesting_mode"]],
            block=block_message(inner["block"]),
            min_items=inner.get("min_items", 0),
            max_items=inner.get("max_items", 0),
        )
        for name, inner in block["block_types"].items()
    ]
    return pb.Schema.Block(attributes=attributes, block_types=nested)


def schema_message(schema: dict[str, Any]) -> Any:
    return pb.Schema(version=schema["version"], block=block_message(schema["block"]))


def decode(value: Any) -> Any:
    if value.msgpack:
        return msgpack.unpackb(value.msgpack, raw=False, strict_map_key=False)
    return json.loads(value.json or b"null")


def encode(value: Any) -> Any:
    return pb.DynamicValue(msgpack=msgpack.packb(value, use_bin_type=True))


def error(summary: str) -> Any:
    return pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=summary)


def inner_values(block: Block, values: dict[str, Any]) -> Iterator[tuple[str, Block, dict[str, Any]]]:
    """Place, schema and values of each nested block that is written."""
    for name, inner in block["block_types"].items():
        written = values.get(name)
        for index, item in enumerate(written if isinstance(written, list) else [written]):
            if isinstance(item, dict):
                yield f"{name}.{index}", inner["block"], item


def problems(block: Block, values: dict[str, Any], place: str) -> list[Any]:
    """What the protocol's schema cannot say and the provider enforces."""
    found = []
    for name, attribute in block["attributes"].items():
        value = values.get(name)
        if value is None or isinstance(value, msgpack.ExtType):
            continue
        if attribute.get("computed") and not (attribute.get("optional") or attribute.get("required")):
            found.append(error(f"{place}.{name} is set by the provider and cannot be configured"))
        documented = ENUMERATION.search(attribute.get("description", ""))
        allowed = json.loads(documented[1]) if documented else []
        for item in value if isinstance(value, list) else [value]:
            if allowed and isinstance(item, str) and item not in allowed:
                found.append(error(f"{place}.{name} must be one of {', '.join(allowed)}; received '{item}'"))
    for name, inner, item in inner_values(block, values):
        found += problems(inner, item, f"{place}.{name}")
    return found


def complete(block: Block, values: dict[str, Any]) -> dict[str, Any]:
    """Values as planned: what the provider would set becomes unknown."""
    for name, attribute in block["attributes"].items():
        if attribute.get("computed") and values.get(name) is None:
            values[name] = UNKNOWN
    for _, inner, item in inner_values(block, values):
        complete(inner, item)
    return values


class Provider(tfplugin_pb2_grpc.ProviderServicer):  # type: ignore[misc]
    def __init__(self, schema: dict[str, Any]) -> None:
        self._provider: dict[str, Any] = schema["provider"]
        self._resources: dict[str, Any] = schema["resource_schemas"]
        self._data: dict[str, Any] = schema["data_source_schemas"]

    def GetMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "")

    def GetProviderSchema(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.GetProviderSchema.Response(
            provider=schema_message(self._provider),
            resource_schemas={name: schema_message(schema) for name, schema in self._resources.items()},
            data_source_schemas={name: schema_message(schema) for name, schema in self._data.items()},
            server_capabilities=pb.ServerCapabilities(get_provider_schema_optional=True),
        )

    def ValidateProviderConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        found = problems(self._resources[request.type_name]["block"], decode(request.config), request.type_name)
        return pb.ValidateResourceConfig.Response(diagnostics=found)

    def ValidateDataResourceConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        found = problems(self._data[request.type_name]["block"], decode(request.config), request.type_name)
        return pb.ValidateDataResourceConfig.Response(diagnostics=found)

    def ConfigureProvider(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.UpgradeResourceState.Response(upgraded_state=pb.DynamicValue(json=request.raw_state.json))

    def ReadResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802
        planned = decode(request.proposed_new_state)
        if planned is not None:
            planned = complete(self._resources[request.type_name]["block"], planned)
        return pb.PlanResourceChange.Response(planned_state=encode(planned), legacy_type_system=True)

    def ApplyResourceChange(self, request: Any, context: Any) -> Any:  # noqa: N802
        refusal = error(f"{STAND_IN}: it knows the schema only and cannot apply")
        return pb.ApplyResourceChange.Response(new_state=request.prior_state, diagnostics=[refusal])

    def ReadDataSource(self, request: Any, context: Any) -> Any:  # noqa: N802
        refusal = error(f"{STAND_IN}: it cannot read data source {request.type_name}")
        return pb.ReadDataSource.Response(diagnostics=[refusal])

    def GetFunctions(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.GetFunctions.Response()

    def StopProvider(self, request: Any, context: Any) -> Any:  # noqa: N802
        return pb.StopProvider.Response()


def main(schema_file: str, socket: str) -> None:
    """Serve on a Unix socket until told to end, or until the parent is gone."""
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    parent = os.getppid()
    unlimited = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(8), options=unlimited)
    schema = json.loads(Path(schema_file).read_text(encoding="utf-8"))
    tfplugin_pb2_grpc.add_ProviderServicer_to_server(Provider(schema), server)
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    print("ready", flush=True)
    while not done.wait(1.0) and os.getppid() == parent:
        pass
    server.stop(None)


if __name__ == "__main__":
    main(*sys.argv[2:])
