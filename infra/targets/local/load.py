"""Load an experiment's images into the object store of a lease."""

from __future__ import annotations

import subprocess
import time

from infra.base import processes
from infra.base.errors import JobError
from infra.base.paths import PROJECT_DIR
from infra.base.progress import Progress, read_progress
from infra.inputs.dataset import Dataset
from infra.leases.lease import Lease
from infra.targets.local import java, launch
from infra.targets.local.spec import NodeSpec


def load(dataset: Dataset, lease: Lease, progress: Progress) -> None:
    """Upload the images into the lease's bucket, unless this very set is there.

    Raises:
        JobError: the upload failed; the message carries its last words.
    """
    if lease.state.dataset == dataset.facts:
        return
    progress.stage(f"load {dataset.facts['images']} images into lease {lease.id}")
    began = time.monotonic()
    counted = lease.directory / "upload-progress.json"
    command = [launch.python(), "-m", "infra.targets.local.upload", str(dataset.folder), f"gs://{lease.bucket}/images"]
    environment = {
        **java.spark_environment(),  # without proxies: the address is this host's own
        "STORAGE_EMULATOR_HOST": NodeSpec.load(lease.directory / "nodes" / "store").storage_endpoint,
        processes.LEASE: lease.id,
        "BAKEOFF_PROGRESS": str(counted),
    }
    with subprocess.Popen(
        command, cwd=PROJECT_DIR, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as upload:
        try:
            while True:
                try:
                    _, said = upload.communicate(timeout=0.3)
                    break
                except subprocess.TimeoutExpired:
                    progress.advance(*read_progress(counted))
        except BaseException:
            upload.kill()
            raise
    if upload.returncode != 0:
        raise JobError(
            f"The images could not be loaded into lease {lease.id}: {said.strip().splitlines()[-1:] or 'no word'}"
        )
    lease.update(dataset=dataset.facts, load_data_s=round(time.monotonic() - began, 3))
