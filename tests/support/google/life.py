"""A lease's surroundings on a fake Google Cloud: settings, buckets, and a Terraform that makes the cluster in the fakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.terraform.process import Done, Event
from tests.support.google.project_life import Project
from tests.support.google.server import Refusal
from workloads.storage import open_store

GCP_TOML = """
project_id = "a-project"
region = "europe-west2"
zone = "europe-west2-b"
subnetwork = "bakeoff"
service_account = "bakeoff-node@a-project.iam.gserviceaccount.com"
bucket = "{data}"
staging_bucket = "{staging}"
temp_bucket = "{staging}"
state_bucket = "{state}"
labels = {{ team = "data" }}
"""


def expiry(variables: dict[str, Any]) -> datetime:
    """When the cluster goes at the latest. A root of an earlier version is given a date in words."""
    if "expires_at" in variables:
        return datetime.fromisoformat(variables["expires_at"])
    return datetime.fromtimestamp(variables["expires_unix_s"], UTC)


@dataclass
class StubTerraform:
    """Stands at the seam ``infra.terraform.client.run``: one process call of Terraform, answered without a process.

    It knows one resource, the cluster, which it makes in the fake Dataproc from the variables it is given, and keeps the
    state in the bucket that ``init`` names, under a lock, as the gcs backend does.
    """

    project: Project
    calls: list[str] = field(default_factory=list)
    fails: str | None = None  # apply fails in these words, and leaves the cluster in ERROR
    backends: dict[Path, dict[str, str]] = field(default_factory=dict)

    def __call__(
        self,
        program: str,
        root: str | Path,
        environment: dict[str, str],
        verb: str,
        *options: str,
        on_event: Callable[[Event], None] | None = None,
    ) -> Done:
        root = Path(root)
        assert (root / "versions.tf").is_file(), f"no root module in {root}"
        self.calls.append("destroy" if "-destroy" in options else verb)
        if verb == "init":
            pairs = [
                o.removeprefix("-backend-config=").split("=", 1) for o in options if o.startswith("-backend-config")
            ]
            self.backends[root] = dict(pairs)
            assert self.backends[root].keys() == {"bucket", "prefix"}, "the backend is not named"
            return Done(0, "", "", [])
        store = open_store("gs://{bucket}/{prefix}".format(**self.backends[root]))
        variables = json.loads((root / "lease.auto.tfvars.json").read_text(encoding="utf-8"))
        state = json.loads(store.read("default.tfstate")) if store.exists("default.tfstate") else {}
        if verb == "state":
            return Done(0, json.dumps(state), "", [])
        if verb == "output":
            return Done(0, json.dumps(state.get("outputs", {})), "", [])
        if verb == "plan":
            change = {"resource": {"addr": "google_dataproc_cluster.this"}, "action": "create"}
            return Done(0, "", "", [{"type": "planned_change", "change": change}] if not state else [])
        try:
            return self._apply(store, variables, state, "-destroy" in options, on_event)
        except Refusal as refusal:
            diagnostic = {"severity": "error", "summary": str(refusal)}
            return Done(1, "", "", [{"@level": "error", "type": "diagnostic", "diagnostic": diagnostic}])

    def _apply(self, store: Any, variables: dict[str, Any], state: Any, destroy: bool, on_event: Any) -> Done:
        name = f"bakeoff-{variables['lease_id']}"
        clusters = self.project.dataproc.clusters
        store.write("default.tflock", json.dumps({"Who": "somebody"}).encode())
        if destroy:
            if name in clusters:
                assert clusters[name].labels.get("bakeoff-protected") != "true"
            clusters.pop(name, None)
            for machine in self._machines(name, variables):
                self.project.compute.instances.pop(machine, None)
            store.write("default.tfstate", b"{}")
        else:
            self._create(name, variables)
            if self.fails:
                clusters[name].status.state = "ERROR"
                raise Refusal("INTERNAL", self.fails)
            output = {"value": {"cluster_name": name, "bucket": variables["bucket"], "target": "gcp"}}
            state = {"resources": [{"type": "google_dataproc_cluster"}], "outputs": {"cluster": output}}
            store.write("default.tfstate", json.dumps(state).encode())
            resource = {"resource_type": "google_dataproc_cluster"}
            if on_event:
                on_event({"type": "apply_complete", "hook": {"action": "create", "resource": resource}})
        store.delete("default.tflock")
        return Done(0, "", "", [])

    def _create(self, name: str, variables: dict[str, Any]) -> None:
        dataproc = self.project.dataproc
        expires = expiry(variables)
        assert open_store(variables["dependencies_uri"]).exists("install.sh")
        labels = {
            **variables["labels"],
            "bakeoff-lease": variables["lease_id"],
            "bakeoff-scenario": variables["name"],
            "bakeoff-expires": f"{expires.timestamp():.0f}",
        }
        if name not in dataproc.clusters:
            dataproc.create(name, labels, expires, variables["staging_bucket"])
        for machine, machine_type in self._machines(name, variables).items():
            if machine not in self.project.compute.instances:
                self.project.compute.add_instance(machine, name, machine_type, datetime.now(UTC).isoformat())

    @staticmethod
    def _machines(name: str, variables: dict[str, Any]) -> dict[str, str]:
        workers = [f"{name}-w-{i}" for i in range(variables["workers"])]
        workers += [f"{name}-sw-x{i}" for i in range(variables.get("spot_workers", 0))]
        master = variables.get("master_machine_type", variables["machine_type"])
        return {f"{name}-m": master, **dict.fromkeys(workers, variables["machine_type"])}


def run_for_real(project: Project, tmp_path: Path) -> Callable[[Any], None]:
    """What the cluster does with a submitted job: runs its main file, as Dataproc would, and Google samples meanwhile."""

    def run(job: Any) -> None:
        folder = tmp_path / job.reference.job_id
        folder.mkdir()
        for uri in (job.pyspark_job.main_python_file_uri, job.pyspark_job.python_file_uris[0]):
            place, _, name = uri.rpartition("/")
            (folder / name).write_bytes(open_store(place).read(name))
        began = time.time()
        done = subprocess.run(
            [sys.executable, str(folder / "cluster_driver.py"), *job.pyspark_job.args],
            env={**os.environ, "PYTHONPATH": str(next(folder.glob("*.zip"))), "BAKEOFF_NODE_DISK": str(folder)},
            cwd=folder, capture_output=True, timeout=300,
        )  # fmt: skip
        for node in ("m", "w-0", "w-1"):
            instance = f"{job.placement.cluster_name}-{node}"
            points = [(end - 60, end, 0.25) for end in range(int(began), int(began) + 300)]
            project.monitoring.add("compute.googleapis.com/instance/cpu/utilization", instance, points)
            lease_uri = job.pyspark_job.main_python_file_uri.rpartition("/attempts/")[0]
            samples = [{"ts": began + i, "mem_bytes": 2e9} for i in range(-1, 300)]
            lines = "".join(json.dumps(sample) + "\n" for sample in samples).encode()
            open_store(f"{lease_uri}/samples/{instance}").write(f"{int(began * 1000)}.jsonl", lines)
        state = "DONE" if done.returncode == 0 else "ERROR"
        with project.failures.lock:  # a look in the midst would miss the output
            project.dataproc.finish(job.reference.job_id, state, f"exit {done.returncode}", done.stdout + done.stderr)

    project.dataproc.script = [("RUNNING", "")]
    return lambda job: threading.Thread(target=run, args=(job,), daemon=True).start()
