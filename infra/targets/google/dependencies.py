"""The packages that jobs need on a cluster, from this very environment: same versions, and nothing asked of the internet.

They lie in the bucket under a hash of what they are, so that they are uploaded once and not once per lease. Every node runs
``node/install.sh`` when it boots (an initialization action), and finds the folder in its metadata.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tarfile
from functools import cache
from importlib import metadata
from pathlib import Path

from infra.base.errors import SetupError
from infra.base.locks import host_lock
from infra.base.progress import Progress
from infra.targets.google.settings import GcpSettings
from workloads.storage import open_store

PACKAGES = (
    "google-cloud-storage",
    "numpy",
    "pillow",
    "protobuf",
    "pydantic",
)  # what all workloads import, beside Spark
ARCHIVE = "packages.tar.gz"
# Of Dataproc 2.2 and 2.3, and of the containers on Vertex AI; compiled packages work with no other.
PYTHON_VERSION = (3, 11)
NODE_DIR = Path(__file__).resolve().parent / "node"


def uri(settings: GcpSettings, *, packages: tuple[str, ...]) -> str:
    """Where the packages lie: ``gs://bucket/dependencies/<hash>``."""
    names = closure((*PACKAGES, *packages))
    programs = [text.decode() for text in _programs().values()]
    facts = "\n".join([*programs, *(f"{name} {metadata.version(name)}" for name in names)])
    return f"gs://{settings.bucket}/dependencies/{hashlib.sha256(facts.encode()).hexdigest()[:16]}"


def upload(settings: GcpSettings, progress: Progress, *, packages: tuple[str, ...]) -> str:
    """Put the packages into the bucket, unless they are there; returns their URI.

    Raises:
        StorageError: the bucket cannot be written.
        SetupError: a package is not installed here, or the Python here is not that of the nodes.
    """
    check_python(sys.version_info[:2])
    place = uri(settings, packages=packages)
    store = open_store(place)
    with host_lock(f"upload-{place}", progress=progress):
        if not store.exists("install.sh"):  # it goes last
            progress.stage("uploading the packages of the jobs (once per set of versions)")
            store.write(ARCHIVE, archive(closure((*PACKAGES, *packages))))
            for name, text in _programs().items():
                store.write(name, text)
    return place


def check_python(here: tuple[int, int]) -> str:
    """Version of the Python here. Raises SetupError unless packages that were compiled for it work on the nodes."""
    if here != PYTHON_VERSION:
        raise SetupError(
            f"Jobs on Google Cloud get the packages of this environment, which has Python {here[0]}.{here[1]}, and the nodes "
            "have Python 3.11. Run: make clean && make PYTHON=python3.11 setup-gcp"
        )
    return "3.11, as on the nodes"


def _programs() -> dict[str, bytes]:
    """What runs on each node, by its name in the bucket; ``install.sh`` is the last."""
    version = ".".join(map(str, PYTHON_VERSION))
    install = (NODE_DIR / "install.sh").read_text(encoding="utf-8").replace("PYTHON_VERSION", version)
    return {"sampler.py": (NODE_DIR / "sampler.py").read_bytes(), "install.sh": install.encode()}


@cache
def closure(roots: tuple[str, ...]) -> tuple[str, ...]:
    """These distributions and all that they require here, sorted. Raises SetupError for one that is not installed."""
    found: set[str] = set()
    todo = list(roots)
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in found:
            continue
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError as error:
            if name in {re.sub(r"[-_.]+", "-", root).lower() for root in roots}:
                raise SetupError(
                    f"The package {name}, which jobs need, is not installed here. Run: make setup-gcp"
                ) from error
            continue  # required on another platform only
        found.add(name)
        # An extra is not part of it; a marker of the platform is left to whether the package is installed.
        todo += [re.split(r"[\s;<>=!~\[(]", r, maxsplit=1)[0] for r in requirements if "extra ==" not in r]
    return tuple(sorted(found))


def archive(names: tuple[str, ...]) -> bytes:
    """The installed files of these distributions as one tar; the same versions give the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name in names:
            for file in sorted(metadata.files(name) or [], key=str):
                path = Path(str(file.locate()))
                if ".." not in file.parts and "__pycache__" not in file.parts and path.is_file():
                    tar.add(path, arcname=str(file), filter=_plain)
    return buffer.getvalue()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member
