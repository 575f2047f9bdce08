"""Sample this node's memory every five seconds, and put the samples into the bucket every half minute.

Runs on each node of a cluster as the service ``bakeoff-sampler`` (see ``install.sh``), with the
image's own Python, the standard library and the node's own credentials. An object is called after its first sample,
``gs://<bucket>/leases/<lease>/samples/<instance>/<unix ms>.jsonl``, and its lines are ``{"ts": ..., "mem_bytes": ...}``.

Source: docs.cloud.google.com/compute/docs/metadata/overview (metadata server),
docs.cloud.google.com/storage/docs/uploading-objects (a simple upload by the JSON API).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.request
from collections import deque
from pathlib import Path
from urllib.parse import quote

SAMPLE_S = 5.0
FLUSH_S = 30.0
MOST_KEPT = 720  # samples that wait for a bucket that does not answer: one hour
ANSWER_S = 20.0
METADATA = f"http://{os.environ.get('GCE_METADATA_HOST', 'metadata.google.internal')}/computeMetadata/v1/"


def memory_bytes(meminfo: str) -> int:
    """Memory in use, page cache left out, of the text of ``/proc/meminfo``: what is not available to a new process."""
    fields = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in meminfo.splitlines())}
    return (fields["MemTotal"] - fields["MemAvailable"]) * 1024


def metadata(path: str) -> str:
    """One value of the metadata server. Raises OSError."""
    request = urllib.request.Request(METADATA + path, headers={"Metadata-Flavor": "Google"})
    with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
        return str(answer.read().decode())


class Bucket:
    """The folder of this node's samples in the bucket of its lease. Raises OSError without a metadata server."""

    def __init__(self) -> None:
        lease = metadata("instance/attributes/dataproc-cluster-name").removeprefix("bakeoff-")
        dependencies = metadata("instance/attributes/bakeoff-dependencies").strip()
        self._bucket = dependencies.removeprefix("gs://").partition("/")[0]
        self._folder = f"leases/{lease}/samples/{metadata('instance/name')}"
        self._token, self._token_until = "", 0.0

    def put(self, name: str, data: bytes) -> None:
        """Write one object. Raises OSError."""
        host = os.environ.get("STORAGE_EMULATOR_HOST") or "https://storage.googleapis.com"
        url = f"{host}/upload/storage/v1/b/{self._bucket}/o?uploadType=media&name={quote(f'{self._folder}/{name}', safe='')}"
        headers = {"Authorization": f"Bearer {self._fresh_token()}", "Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=ANSWER_S).close()

    def _fresh_token(self) -> str:
        if time.monotonic() > self._token_until:
            found = json.loads(metadata("instance/service-accounts/default/token"))
            self._token, self._token_until = found["access_token"], time.monotonic() + found["expires_in"] / 2
        return self._token


class Sampler:
    """Samples that wait for the bucket; a write that fails is tried again with the next one."""

    def __init__(self, bucket: Bucket, meminfo: Path = Path("/proc/meminfo")) -> None:
        self._bucket, self._meminfo = bucket, meminfo
        self._waiting: deque[tuple[float, int]] = deque(maxlen=MOST_KEPT)

    def sample(self) -> None:
        """Take one sample."""
        self._waiting.append((time.time(), memory_bytes(self._meminfo.read_text(encoding="ascii"))))

    def flush(self) -> None:
        """Write what waits as one object."""
        if not self._waiting:
            return
        lines = [json.dumps({"ts": round(ts, 3), "mem_bytes": used}) + "\n" for ts, used in self._waiting]
        try:
            self._bucket.put(f"{int(self._waiting[0][0] * 1000)}.jsonl", "".join(lines).encode())
        except OSError as error:
            print(f"samples could not be written: {error}", file=sys.stderr, flush=True)
            return
        self._waiting.clear()


def main() -> None:
    """Sample until SIGTERM, which a node gets before it is preempted or deleted; then write what is left."""

    def end(*_: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, end)
    sampler = Sampler(Bucket())
    try:
        flush_at = time.monotonic()  # the first sample at once: what is wrong shows when the node boots
        while True:
            sampler.sample()
            if time.monotonic() >= flush_at:
                sampler.flush()
                flush_at += FLUSH_S
            time.sleep(SAMPLE_S)
    finally:
        sampler.flush()


if __name__ == "__main__":
    main()
