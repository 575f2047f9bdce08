"""The workloads as one zip, those outside of this tree included, for ``spark-submit --py-files``.

The same sources give the same bytes.

python -m workloads.package workloads.zip
"""

from __future__ import annotations

import importlib.util
import io
import marshal
import os
import sys
import zipfile
from pathlib import Path

from workloads.registry import outside_folders

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def build_zip(target: Path) -> Path:
    """Write the package to ``target``, atomically, and return it."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    part.write_bytes(zip_bytes())
    return part.replace(target)


def zip_bytes() -> bytes:
    """The package as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(_sources().items()):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, text)
            # Bytecode beside it: a zip is never written back to, and a small node would compile anew in every process.
            # An interpreter of another version passes it over.
            compiled = zipfile.ZipInfo(member.filename + "c", _EPOCH)
            compiled.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(compiled, _bytecode(text, member.filename))
    return buffer.getvalue()


def _sources() -> dict[str, bytes]:
    """The text of every module, by its name in the zip."""
    here = Path(__file__).parent
    folders = {here: here.name} | {folder: f"{here.name}/{folder.name}" for folder in outside_folders()}
    found = {f"{name}/__init__.py": b"" for name in folders.values()}  # a zip has no namespace packages
    for folder, name in folders.items():
        for source in folder.rglob("*.py"):
            found[f"{name}/{source.relative_to(folder).as_posix()}"] = source.read_bytes()
    return found


def _bytecode(text: bytes, name: str) -> bytes:
    """What py_compile would write in its mode UNCHECKED_HASH (PEP 552): the same bytes for the same source."""
    code = compile(text, name, "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(text)
    return header + marshal.dumps(code)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m workloads.package ZIP")
    print(build_zip(Path(sys.argv[1])))
