"""The provider's schema, as ``terraform providers schema -json`` has it, rebuilt from a ``cdktn-provider-google`` wheel."""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from infra.review.google_provider.typescript import Attribute, Source, TypeJson

PREFIX = "google_"
_MODULE = re.compile(r"package/lib/([\w-]+)/(?:index|index-structs/\w+)\.js")
_SOURCE_MAP = re.compile(rb"sourceMappingURL=data:application/json;base64,([A-Za-z0-9+/=]+)")
_DATA = "data-google-"
_NO_TYPES = ("provider", "provider-functions", "ephemeral-")
_DEPTH = 3  # how often a recursive block is followed; the published schema of the provider stops there too

Block = dict[str, Any]


class Extract(NamedTuple):
    """What a wheel says: the provider's full address and version, names of all types, and schemas of those wanted."""

    address: str
    version: str
    known: list[str]
    schema: dict[str, Any]


def extract(wheel: Path, wanted: Collection[str]) -> Extract:
    """Read the schemas of the wanted resources and data sources (``google_storage_bucket``), and the provider's own.

    Takes 4 s, most of it for unpacking. A wanted type that the provider lacks is left out.
    """
    modules, known, meta = _read(wheel, {_module(name) for name in wanted})
    sources = {name: Source(text) for name, text in modules.items()}
    schema: dict[str, Any] = {"resource_schemas": {}, "data_source_schemas": {}}
    for module, source in sources.items():
        body = {"version": 0, "block": _block(source, source.top())}
        if module == "provider":
            schema["provider"] = body
        elif module.startswith(_DATA):
            schema["data_source_schemas"][_type(module)] = body
        else:
            schema["resource_schemas"][_type(module)] = body
    return Extract(str(meta["name"]), str(meta["version"]), sorted(known), schema)


def _module(type_name: str) -> str:
    return type_name.removeprefix(PREFIX).replace("_", "-")


def _type(module: str) -> str:
    return PREFIX + module.removeprefix(_DATA).replace("-", "_")


def _read(wheel: Path, wanted: set[str]) -> tuple[dict[str, str], set[str], dict[str, str]]:
    """TypeScript of the wanted modules, types known to the provider, and the wheel's note about the provider."""
    parts: dict[str, list[str]] = {}
    known: set[str] = set()
    meta: dict[str, str] = {}
    with zipfile.ZipFile(wheel) as archive:
        package = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(package)), mode="r:gz") as files:
            for member in files:
                if member.name == "package/package.json":
                    note = json.loads(_bytes(files, member))
                    meta = (note.get("cdktn") or note["cdktf"])["provider"]
                found = _MODULE.fullmatch(member.name)
                if not found:
                    continue
                if not found[1].startswith(_NO_TYPES):
                    known.add(_type(found[1]))
                if found[1] == "provider" or found[1].removeprefix(_DATA) in wanted:
                    mapped = _SOURCE_MAP.search(_bytes(files, member))
                    if mapped:
                        parts.setdefault(found[1], []).append(
                            json.loads(base64.b64decode(mapped[1]))["sourcesContent"][0]
                        )
    return {name: "\n".join(texts) for name, texts in parts.items()}, known, meta


def _bytes(files: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = files.extractfile(member)
    return file.read() if file else b""


def _block(source: Source, attributes: dict[str, Attribute], path: tuple[str, ...] = ()) -> Block:
    block: Block = {"attributes": {}, "block_types": {}}
    for name, attribute in sorted(attributes.items()):
        nested = attribute.nested
        if nested is None or not nested.is_block:
            block["attributes"][name] = _attribute(source, attribute)
            continue
        if path.count(nested.struct) > _DEPTH:
            continue
        entry: dict[str, Any] = {
            "nesting_mode": nested.nesting,
            "block": _block(source, source.struct(nested.struct), (*path, nested.struct)),
        }
        if nested.nesting != "single":
            entry |= {"min_items": int(attribute.required), "max_items": int(nested.at_most_one)}
        block["block_types"][name] = entry
    return block


def _attribute(source: Source, attribute: Attribute) -> dict[str, Any]:
    flags = ("required", "optional", "computed")
    entry: dict[str, Any] = {"type": _attribute_type(source, attribute, ())}
    entry |= {flag: True for flag in flags if getattr(attribute, flag)}
    return entry | ({"description": attribute.description} if attribute.description else {})


def _attribute_type(source: Source, attribute: Attribute, path: tuple[str, ...]) -> TypeJson:
    nested = attribute.nested
    if nested is None:
        return attribute.type
    if path.count(nested.struct) > 1:
        return "dynamic"
    within = (*path, nested.struct)
    fields = source.struct(nested.struct)
    kind: TypeJson = ["object", {name: _attribute_type(source, field, within) for name, field in fields.items()}]
    if nested.maps:
        kind = ["map", kind]
    return kind if nested.maps == "map" or nested.nesting == "single" else [nested.nesting, kind]
