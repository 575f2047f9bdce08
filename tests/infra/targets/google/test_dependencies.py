"""``install.sh`` for real: packages of this environment, through an object store, into another Python.

Only what a Dataproc node has is stood in for: the metadata server's command, ``gcloud storage cat``, and the image's Python,
a bare virtual environment with packages of its own that ours must come before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

from infra.base.errors import SetupError
from infra.base.paths import PROJECT_DIR
from infra.base.progress import Silent
from infra.targets.google import dependencies
from infra.targets.google.settings import GcpSettings
from workloads.storage import open_store

METADATA = """\
#!/bin/sh
[ "$1" = attributes/bakeoff-dependencies ] && echo "$URI"
"""
GCLOUD = f"""\
#!{sys.executable}
import sys
sys.path.insert(0, {str(PROJECT_DIR)!r})
from workloads.storage import open_store
assert sys.argv[1:3] == ["storage", "cat"] and len(sys.argv) == 4, sys.argv
place, _, name = sys.argv[3].rpartition("/")
sys.stdout.buffer.write(open_store(place).read(name))
"""
USE = """\
import io, numpy, PIL.Image, pydantic, google.cloud.storage
from google.api_core import exceptions
class Model(pydantic.BaseModel):
    count: int
assert Model.model_validate({"count": "3"}).count == 3
out = io.BytesIO()
PIL.Image.fromarray(numpy.zeros((8, 8, 3), numpy.uint8)).save(out, "JPEG")
assert out.getvalue()[:2] == b"\\xff\\xd8"
print(pydantic.VERSION, google.cloud.storage.__version__, numpy.__version__)
"""


class Node:
    """A folder that stands for the disk of a node."""

    def __init__(self, root: Path, uri: str) -> None:
        self.site = root / "opt" / "site"
        venv.create(root / "python", symlinks=True)  # without pip: nothing in it
        self.python = root / "python" / "bin" / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.purelib = root / "python" / "lib" / version / "site-packages"
        self.bin = root / "bin"
        self.bin.mkdir()
        for name, text in {"get_metadata_value": METADATA, "gcloud": GCLOUD}.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", "URI": uri}
        self.environment.pop("PYTHONPATH", None)
        store = open_store(uri)
        text = store.read("install.sh").decode()
        for here, there in {
            "/usr/share/google/get_metadata_value": self.bin / "get_metadata_value",
            dependencies.SITE: self.site,
            dependencies.PYTHON: self.python,
        }.items():
            assert here in text
            text = text.replace(here, str(there))
        self.script = root / "install.sh"
        self.script.write_text(text)

    def image_has(self, package: str) -> None:
        """An older package of this name comes with the image."""
        (self.purelib / package).mkdir(parents=True)
        (self.purelib / package / "__init__.py").write_text("__version__ = VERSION = 'of the image'\n")

    def boot(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", str(self.script)], env=self.environment, capture_output=True, text=True)

    def run(self, code: str) -> str:
        return subprocess.check_output([self.python, "-c", code], env=self.environment, text=True, cwd="/")


def uploaded(bucket: str) -> str:
    name = bucket.removeprefix("gs://")
    settings = GcpSettings(
        project_id="my-project", region="us-central1", zone="us-central1-a", subnetwork="nodes",
        service_account="nodes@my-project.iam.gserviceaccount.com",
        bucket=name, staging_bucket=name, temp_bucket=name, state_bucket=name,
    )  # fmt: skip
    return dependencies.upload(settings, Silent(), tensorflow=False)


@pytest.mark.slow
def test_a_node_imports_our_packages_before_those_of_its_image(bucket: str, tmp_path: Path) -> None:
    node = Node(tmp_path, uploaded(bucket))
    for package in ("pydantic", "numpy", "google/cloud/storage"):
        node.image_has(package)
    assert node.run("import pydantic; print(pydantic.VERSION)") == "of the image\n"
    for _ in range(2):  # a node that boots again runs it again
        done = node.boot()
        assert done.returncode == 0, done.stderr
    versions = [metadata.version(name) for name in ("pydantic", "google-cloud-storage", "numpy")]
    assert node.run(USE).split() == versions


def test_a_node_without_its_packages_fails_to_boot(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dataproc then says which node failed, and the cluster does not come up half equipped."""
    monkeypatch.setattr(dependencies, "PACKAGES", ("annotated-types",))
    node = Node(tmp_path, uploaded(bucket))
    done = node.boot()
    assert (node.site / "annotated_types" / "__init__.py").is_file()
    assert done.returncode != 0
    assert "ModuleNotFoundError" in done.stderr


def test_a_node_that_cannot_read_the_bucket_fails_to_boot(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "PACKAGES", ("annotated-types",))
    uri = uploaded(bucket)
    node = Node(tmp_path, uri)
    open_store(uri).delete(dependencies.ARCHIVE)
    assert node.boot().returncode != 0
    assert not (node.purelib / "bakeoff.pth").exists()


def test_the_same_packages_are_uploaded_once(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "PACKAGES", ("annotated-types",))
    uri = uploaded(bucket)
    before = {entry.name for entry in open_store(uri).list()}
    monkeypatch.setattr(dependencies, "archive", lambda names: pytest.fail("packed again"))
    assert uploaded(bucket) == uri
    assert before == {"install.sh", dependencies.ARCHIVE}


@pytest.mark.parametrize("here", [(3, 12), (3, 13)])
def test_packages_of_another_python_are_not_sent_to_the_nodes(
    here: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "PYTHON_VERSION", (3, 11))
    with pytest.raises(SetupError, match=rf"has Python 3\.{here[1]}, and the nodes have Python 3\.11"):
        dependencies.check_python(here)
