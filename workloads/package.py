"""The workloads as one zip, for ``spark-submit --py-files``. The same sources give the same bytes.

python -m workloads.package workloads.zip
"""

from __future__ import annotations

import io
import os
import py_compile
import sys
import tempfile
import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


def build_zip(target: Path) -> Path:
    """Write the package to ``target``, atomically, and return it."""
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
    part = target.with_name(f".{target.name}.{os.getpid()}")
    part.write_bytes(buffer.getvalue())
    return part.replace(target)


def _bytecode(source: Path, name: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="bakeoff-bytecode-") as folder:
        target = str(Path(folder) / "code")
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # the same bytes for the same source
        py_compile.compile(str(source), target, dfile=name, doraise=True, invalidation_mode=mode)
        return Path(target).read_bytes()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m workloads.package ZIP")
    print(build_zip(Path(sys.argv[1])))
