"""The workloads as one zip, for ``spark-submit --py-files``. The same sources give the same bytes.

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

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def build_zip(target: Path) -> Path:
    """Write the package to ``target``, atomically, and return it."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    part.write_bytes(zip_bytes())
    return part.replace(target)


def zip_bytes() -> bytes:
    """The package as a zip."""
    package = Path(__file__).parent
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(package.rglob("*.py")):
            member = zipfile.ZipInfo(source.relative_to(package.parent).as_posix(), _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, source.read_bytes())
            # Bytecode beside it: a zip is never written back to, and a small node would compile anew in every process.
            # An interpreter of another version passes it over.
            compiled = zipfile.ZipInfo(member.filename + "c", _EPOCH)
            compiled.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(compiled, _bytecode(source, member.filename))
    return buffer.getvalue()


def _bytecode(source: Path, name: str) -> bytes:
    """What py_compile would write in its mode UNCHECKED_HASH (PEP 552): the same bytes for the same source."""
    text = source.read_bytes()
    code = compile(text, name, "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(text)
    return header + marshal.dumps(code)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m workloads.package ZIP")
    print(build_zip(Path(sys.argv[1])))
