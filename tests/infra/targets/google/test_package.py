"""What a job needs is in the bucket, and what it left comes back."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from infra.base.errors import UsageError
from infra.catalogue import Catalogue
from infra.targets.google.package import fetch, spark_properties, upload
from workloads.storage import open_store, read_uri


def test_a_workload_is_packed(bucket: str) -> None:
    package = upload(f"{bucket}/leases/a/cell", workload="write_tfrecords", configuration={"images_uri": "gs://b/i"})
    assert package.arguments[0] == "write_tfrecords"
    assert json.loads(read_uri(package.arguments[2])) == {"images_uri": "gs://b/i"}
    assert package.arguments[4] == package.out == f"{bucket}/leases/a/cell/out"
    assert b"--time-limit-s" in read_uri(package.main)
    names = zipfile.ZipFile(io.BytesIO(read_uri(package.workloads))).namelist()
    assert "workloads/write_tfrecords/job.py" in names


def test_a_script_is_packed(bucket: str, tmp_path: Path) -> None:
    script = tmp_path / "my_job.py"
    script.write_text("print(1)\n")
    package = upload(f"{bucket}/x", script=script, args=("--input", "a"))
    assert package.arguments == (f"{bucket}/x/my_job.py", "--input", "a")
    assert read_uri(package.arguments[0]) == b"print(1)\n"


def test_results_come_back(bucket: str, tmp_path: Path) -> None:
    store = open_store(f"{bucket}/out")
    store.write("summary.json", b"{}")
    store.write("part/a", b"1")
    assert sorted(fetch(f"{bucket}/out", tmp_path)) == ["part/a", "summary.json"]
    assert (tmp_path / "part" / "a").read_bytes() == b"1"
    assert fetch(f"{bucket}/nothing", tmp_path) == []


@pytest.mark.parametrize("name", sorted(Catalogue.default().machine_types))
def test_an_executor_fits_its_node(name: str) -> None:
    machine = Catalogue.default().machine_type(name)
    if name == "n1-highcpu-2":
        with pytest.raises(UsageError, match=r"n1-highcpu-2 is too small for Spark on Dataproc: of its 1\.8 GB"):
            spark_properties(machine, 4, "gs://b/e")
        return
    properties = spark_properties(machine, 4, "gs://b/e")
    heap_mb = int(properties["spark.executor.memory"].removesuffix("m"))
    container_mb = heap_mb + max(384, heap_mb * 0.1)
    assert heap_mb >= 512 and container_mb + 1280 <= machine.memory_gb * 1024 * 0.8 + 1
    assert properties["spark.default.parallelism"] == str(4 * machine.vcpus)


def test_what_yarn_says_counts_where_it_is_less() -> None:
    """On a single node YARN shares the memory with the daemons of the master."""
    machine = Catalogue.default().machine_type("n1-standard-4")

    def heap(yarn_mb: float | None) -> str:
        return spark_properties(machine, 1, "gs://b/e", yarn_mb)["spark.executor.memory"]

    assert heap(None) == heap(999_999) == "10007m"
    assert heap(6144) == f"{int((6144 - 1280) / 1.1)}m"
    with pytest.raises(UsageError, match="too small"):
        heap(2000)
