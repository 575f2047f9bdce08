"""Reads generated TypeScript: one resource, data source or provider, with all nested structures, as attributes.

The source is what ``cdktn`` generates from ``terraform providers schema``, so nearly everything of a schema is in it:
a comment with the flags over each attribute, its type in the getter or the private field, nesting in the class of the
field, and whether it is a block in the function that writes HCL. Not in it: ``max_items`` above 1, sensitive,
deprecated, write-only.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

TypeJson = Any
"""A type as Terraform's JSON has it: ``"string"``, ``["list", "string"]``, ``["object", {...}]``."""

_CLASS = re.compile(r"^export class (\w+) extends cdktn\.(\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_INTERFACE = re.compile(r"^export interface (\w+)(?: extends [\w.]+)? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_PROPERTY = re.compile(r"  /\*\*\n((?:  \*.*\n)+?)  \*/\n  readonly (\w+)(\??): (.*);")
_DOCUMENTED_NAME = re.compile(r"#(\w+) \w+#\w+\}")
_HCL_FUNCTION = re.compile(r"^export function (\w+)ToHclTerraform\(.*?\n\}", re.MULTILINE | re.DOTALL)
_HCL_ENTRY = re.compile(r"^ +(\w+): \{\n +value: .*,\n +isBlock: \w+,\n +type: \"(\w+)\",", re.MULTILINE)
_ATTRIBUTE = re.compile(
    r"  // (\w+) - computed: (\w+), optional: (\w+), required: (\w+)\n"
    r"(?:  private \w+(?:\?: | = )(.*)\n)?"
    r"  public get \w+\(\) \{\n((?:    .*\n)+?)  \}"
)
_NEW = re.compile(r"new ([\w.]+)\(this, \"\w+\"(?:, (\w+))?\)")
_PLAIN_STRUCT = re.compile(r"(\w+)(\[\])?( \| cdktn\.IResolvable)?;$")
_ELEMENT = re.compile(r"public get\(\w+: \w+\): (\w+)")
_REFERENCE = "OutputReference"

_BY_GETTER: dict[str, TypeJson] = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getNumberListAttribute": ["list", "number"],
    "getListAttribute": ["list", "string"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "getAnyMapAttribute": ["map", "dynamic"],
}
_BY_FIELD: dict[str, TypeJson] = {
    "string": "string",
    "number": "number",
    "boolean | cdktn.IResolvable": "bool",
    "string[]": ["list", "string"],
    "number[]": ["list", "number"],
    "Array<boolean | cdktn.IResolvable> | cdktn.IResolvable": ["list", "bool"],
    "{ [key: string]: string }": ["map", "string"],
    "{ [key: string]: number }": ["map", "number"],
    "{ [key: string]: (boolean | cdktn.IResolvable) } | cdktn.IResolvable": ["map", "bool"],
    "{ [key: string]: any }": "dynamic",
    "string[][] | cdktn.IResolvable": ["list", ["list", "string"]],
    "{ [key: string]: string }[] | cdktn.IResolvable": ["list", ["map", "string"]],
    "{ [key: string]: { [key: string]: string } } | cdktn.IResolvable": ["map", ["map", "string"]],
}
_BY_LIBRARY_CLASS: dict[str, TypeJson] = {
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "dynamic"],
    "StringMapList": "string",
    "NumberMapList": "number",
    "BooleanMapList": "bool",
    "AnyMapList": "dynamic",
}


class Nested(NamedTuple):
    """A structure inside: its base name, how it nests, and whether it is written as a block."""

    struct: str
    nesting: str  # single, list or set
    maps: str  # "": no maps; "map": a map of structures; "maplist": a list or set of such maps
    at_most_one: bool
    is_block: bool


class Attribute(NamedTuple):
    """One attribute or block, by Terraform's name. Either ``type`` or ``nested`` is given."""

    computed: bool
    optional: bool
    required: bool
    description: str
    type: TypeJson = None
    nested: Nested | None = None


class Source:
    """The TypeScript of one module of the wheel."""

    def __init__(self, text: str) -> None:
        text = text.replace("cdktf.", "cdktn.")
        self._classes = {found[1]: (found[2], found[3]) for found in _CLASS.finditer(text)}
        self._interfaces = {found[1]: _properties(found[2]) for found in _INTERFACE.finditer(text)}
        self._hcl = {found[1].lower(): _hcl_types(found[0]) for found in _HCL_FUNCTION.finditer(text)}

    def top(self) -> dict[str, Attribute]:
        """Attributes of the resource, data source or provider itself."""
        for name, (base, body) in self._classes.items():
            if base in ("TerraformResource", "TerraformDataSource", "TerraformProvider"):
                return self._attributes(body, self._interfaces.get(f"{name}Config", {}), _hcl_types(body))
        return {}

    def struct(self, base: str) -> dict[str, Attribute]:
        """Attributes of a nested structure."""
        interface, hcl = self._interfaces.get(base, {}), self._hcl.get(base.lower(), {})
        if base + _REFERENCE in self._classes:
            return self._attributes(self._classes[base + _REFERENCE][1], interface, hcl)
        return {  # a provider's blocks have no class
            name: Attribute(
                False, not required, required, text, _collection(_BY_FIELD.get(kind, "dynamic"), hcl.get(name))
            )
            for name, (text, required, kind) in interface.items()
        }

    def _attributes(
        self, body: str, interface: dict[str, tuple[str, bool, str]], hcl: dict[str, str]
    ) -> dict[str, Attribute]:
        found = {}
        for match in _ATTRIBUTE.finditer(body):
            name, *flags = match.group(1, 2, 3, 4)
            computed, optional, required = (flag == "true" for flag in flags)
            description = interface.get(name, ("", False, ""))[0]
            nested = self._nested(name, (match[5] or "").strip(), hcl.get(name), description)
            kind = None if nested else _plain_type((match[5] or "").strip(), match[6], hcl.get(name))
            found[name] = Attribute(computed, optional, required, description, kind, nested)
        return found

    def _nested(self, name: str, field: str, hcl: str | None, description: str) -> Nested | None:
        is_block = bool(hcl) and description == f"{name} block"
        made = _NEW.match(field)
        if made and not made[1].startswith("cdktn."):
            base, element = self._classes[made[1]][0], made[1]
            while not element.endswith(_REFERENCE):
                inner = _ELEMENT.search(self._classes[element][1])
                if inner is None:
                    raise ValueError(f"{element}: no element class")
                element = inner[1]
            nesting = hcl or ("set" if made[2] == "true" else "list")
            return Nested(
                struct=element.removesuffix(_REFERENCE),
                nesting="single" if nesting == "struct" else nesting,
                maps={"ComplexMap": "map", "MapList": "maplist"}.get(base, ""),
                at_most_one=made[1].endswith(_REFERENCE),
                is_block=is_block,
            )
        plain = _PLAIN_STRUCT.match(field)
        if plain and plain[1] in self._interfaces and hcl:
            return Nested(plain[1], "single" if hcl == "struct" else hcl, "", not plain[2], is_block)
        return None


def _plain_type(field: str, getter: str, hcl: str | None) -> TypeJson:
    made = _NEW.match(field)
    if made:
        kind = _BY_LIBRARY_CLASS[made[1].removeprefix("cdktn.")]
        return kind if made[2] is None else ["set" if made[2] == "true" else "list", ["map", kind]]
    if field.startswith("Array<boolean"):
        return _collection(["list", "bool"], hcl)
    kind = next((kind for name, kind in _BY_GETTER.items() if f"{name}(" in getter), None)
    if kind is None:
        kind = _BY_FIELD.get(field.rstrip(";").strip(), "dynamic")
    return _collection(kind, "set" if "Fn.tolist(" in getter else hcl)


def _collection(kind: TypeJson, hcl: str | None) -> TypeJson:
    return ["set", kind[1]] if hcl == "set" and isinstance(kind, list) else kind


def _properties(body: str) -> dict[str, tuple[str, bool, str]]:
    """Description, whether it is required, and TypeScript's type, by Terraform's name."""
    found = {}
    for match in _PROPERTY.finditer(body):
        name = _DOCUMENTED_NAME.search(match[1])
        text = "\n".join(line.strip()[1:].strip() for line in match[1].split("Docs at Terraform")[0].splitlines())
        if name:
            found[name[1]] = (text.strip(" *\n"), not match[3], match[4])
    return found


def _hcl_types(text: str) -> dict[str, str]:
    """How each attribute is written: simple, list, set, struct, ..."""
    return {entry[1]: entry[2] for entry in _HCL_ENTRY.finditer(text)}
