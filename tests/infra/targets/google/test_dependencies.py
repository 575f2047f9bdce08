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

SYSTEMCTL = """\
#!/bin/sh
echo "$@" >> "$SYSTEMCTL_CALLS"
"""
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
        self.root = root / "opt" / "bakeoff"
        self.site = self.root / "site"
        self.units = root / "units"
        self.units.mkdir()
        self.systemctl_calls = root / "systemctl.log"
        venv.create(root / "python", symlinks=True)  # without pip: nothing in it
        self.python = root / "python" / "bin" / "python"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.purelib = root / "python" / "lib" / version / "site-packages"
        self.bin = root / "bin"
        self.bin.mkdir()
        for name, text in {"get_metadata_value": METADATA, "gcloud": GCLOUD, "systemctl": SYSTEMCTL}.items():
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}", "URI": uri}
        self.environment["SYSTEMCTL_CALLS"] = str(self.systemctl_calls)
        self.environment.pop("PYTHONPATH", None)
        store = open_store(uri)
        text = store.read("install.sh").decode()
        for here, there in {
            "/usr/share/google/get_metadata_value": self.bin / "get_metadata_value",
            "/opt/bakeoff": self.root,
            "/opt/conda/default/bin/python": self.python,
            "/usr/bin/python3": root / "no-other-python",
            "/etc/spark/conf": root,
            "/etc/systemd/system": self.units,
        }.items():
            assert here in text, here
            text = text.replace(here, str(there))
        self.script = root / "install.sh"
        self.script.write_text(text)

    def image_has(self, package: str) -> None:
        """An older package of this name comes with the image."""
        (self.purelib / package).mkdir(parents=True, exist_ok=True)
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
    return dependencies.upload(settings, Silent(), packages=())


NSPKG = (
    "import sys, types, os; from importlib.machinery import PathFinder; from importlib.util import module_from_spec; "
    "p = os.path.join(sys._getframe(1).f_locals['sitedir'], 'google'); "
    "m = sys.modules.setdefault('google', module_from_spec(PathFinder.find_spec('google', [os.path.dirname(p)]))); "
    "mp = m.__dict__.setdefault('__path__', []); (p not in mp) and mp.append(p)"
)


@pytest.mark.slow
@pytest.mark.parametrize("google", ["namespace", "regular", "nspkg"])
def test_a_node_imports_our_packages_before_those_of_its_image(bucket: str, tmp_path: Path, google: str) -> None:
    """Whether the image's ``google`` is a namespace, a package with an ``__init__.py``, or made by a ``.pth`` file."""
    node = Node(tmp_path, uploaded(bucket))
    for package in ("pydantic", "numpy", "google/cloud/storage", "google/of_the_image"):
        node.image_has(package)
    if google == "regular":
        node.image_has("google")
        node.image_has("google/cloud")
    if google == "nspkg":
        (node.purelib / "google_thing-nspkg.pth").write_text(NSPKG + "\n")
    assert node.run("import pydantic; print(pydantic.VERSION)") == "of the image\n"
    for _ in range(2):  # a node that boots again runs it again
        done = node.boot()
        assert done.returncode == 0, done.stderr
    versions = [metadata.version(name) for name in ("pydantic", "google-cloud-storage", "numpy")]
    assert node.run(USE).split() == versions
    assert node.run("import google.of_the_image as image; print(image.VERSION)") == "of the image\n"
    assert (node.root / "sampler.py").read_bytes() == (dependencies.NODE_DIR / "sampler.py").read_bytes()
    unit = (node.units / "bakeoff-sampler.service").read_text()
    assert f"ExecStart={node.python} -S {node.root}/sampler.py\n" in unit
    assert "enable --now bakeoff-sampler.service" in node.systemctl_calls.read_text()


@pytest.mark.slow
def test_the_python_is_the_one_that_spark_uses(bucket: str, tmp_path: Path) -> None:
    """Images without Conda: what Spark's settings name is taken, before any other."""
    node = Node(tmp_path, uploaded(bucket))
    spark_python = tmp_path / "of_spark"
    venv.create(spark_python, symlinks=True)
    (tmp_path / "spark-env.sh").write_text(f"echo noise\nexport PYSPARK_PYTHON={spark_python}/bin/python\n")
    assert node.boot().returncode == 0
    assert not (node.purelib / "bakeoff.pth").exists()
    subprocess.run([f"{spark_python}/bin/python", "-c", USE], env=node.environment, check=True, cwd="/")


@pytest.mark.slow
def test_a_sampler_that_cannot_start_is_no_reason_not_to_boot(bucket: str, tmp_path: Path) -> None:
    uri = uploaded(bucket)
    open_store(uri).delete("sampler.py")
    done = Node(tmp_path, uri).boot()
    assert done.returncode == 0 and "sampler of memory could not be started" in done.stderr


def test_an_image_without_the_python_of_the_packages_fails_to_boot(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "PACKAGES", ("annotated-types",))
    node = Node(tmp_path, uploaded(bucket))
    node.python.unlink()
    done = node.boot()
    assert done.returncode != 0 and "This image has no Python" in done.stderr


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
    assert before == {"install.sh", "sampler.py", dependencies.ARCHIVE}


@pytest.mark.parametrize("here", [(3, 12), (3, 13)])
def test_packages_of_another_python_are_not_sent_to_the_nodes(
    here: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "PYTHON_VERSION", (3, 11))
    with pytest.raises(SetupError, match=rf"has Python 3\.{here[1]}, and the nodes have Python 3\.11"):
        dependencies.check_python(here)
