"""Make an experiment's images readable for a lease's jobs: where they are, or as a copy in the bucket."""

from __future__ import annotations

import time

from infra.base.errors import JobError
from infra.base.progress import Progress
from infra.inputs.dataset import Dataset, copy
from infra.leases.lease import Lease
from infra.targets.dataproc.submit import lease_uri
from infra.targets.google.lease_state import own
from workloads.errors import WorkloadError
from workloads.storage import open_store


def load(dataset: Dataset, lease: Lease, progress: Progress) -> None:
    """Upload the images to ``gs://bucket/leases/<id>/images``, unless they are read where they are, or are there.

    Raises:
        JobError: the upload failed; the message carries its last words.
    """
    if lease.state.dataset == dataset.facts:
        return
    began = time.monotonic()
    uri = dataset.uri or f"{lease_uri(lease)}/images"
    if dataset.folder is not None:
        progress.stage(f"load {dataset.facts['images']} images into lease {lease.id}")
        try:
            open_store(uri).delete_all()
            copy(str(dataset.folder), uri, "images loaded", progress)
        except WorkloadError as error:
            raise JobError(f"The images could not be loaded into lease {lease.id}: {error}") from error
    lease.update(
        gcp=own(lease).model_copy(update={"images_uri": uri}),
        dataset=dataset.facts,
        load_data_s=round(time.monotonic() - began, 3),
    )
