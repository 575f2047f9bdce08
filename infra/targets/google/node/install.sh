#!/bin/bash
# Initialization action of every Dataproc node: puts the packages of bakeoff's jobs beside the image's own and in front of
# them on Python's path, and starts the sampler of the node's memory. Asks nothing of the internet.
set -euo pipefail
root=/opt/bakeoff
version=PYTHON_VERSION # that the packages are for
from=$(/usr/share/google/get_metadata_value attributes/bakeoff-dependencies)
mkdir -p $root/site
gcloud storage cat "$from/packages.tar.gz" | tar -xz -C $root/site

# The Python that Spark uses: what its settings name; else Conda's, which images up to 2.2 have; else the system's.
named=$(bash -c '. /etc/spark/conf/spark-env.sh && echo "${PYSPARK_PYTHON:-}"' 2>/dev/null | tail -n 1 || true)
python=
for candidate in "$named" /opt/conda/default/bin/python /usr/bin/python3; do
  path=$(command -v "$candidate") || continue
  if [ "$("$path" -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = "$version" ]; then
    python=$path
    break
  fi
done
if [ -z "$python" ]; then
  echo "This image has no Python $version, for which the packages of the jobs are." >&2
  exit 1
fi

# Ours is the first `google`, and shows the image's parts of it too, whether those have an __init__.py or not.
for package in google google/cloud; do
  if [ -d $root/site/$package ] && [ ! -e $root/site/$package/__init__.py ]; then
    echo '__path__ = __import__("pkgutil").extend_path(__path__, __name__)' >$root/site/$package/__init__.py
  fi
done
library=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p "$library"
# Imported at once: *-nspkg.pth files of the image, which come later, would put theirs in the place of `google`.
echo "import sys; sys.path.insert(0, '$root/site'); import google.cloud" >"$library/bakeoff.pth"
"$python" - $root/site <<'END'
import sys
import google.cloud.storage, numpy, PIL, pydantic
for package in (google.cloud.storage, numpy, PIL, pydantic):
    assert package.__file__.startswith(sys.argv[1]), f"not ours: {package.__file__}"
END

# Without samples a record lacks its memory, which it says: no reason for a node not to come up.
start_sampler() {
  gcloud storage cat "$from/sampler.py" >$root/sampler.py &&
    cat >/etc/systemd/system/bakeoff-sampler.service <<END &&
[Unit]
Description=Samples of the node's memory for bakeoff
After=network-online.target

[Service]
ExecStart=$python -S $root/sampler.py
Restart=always
RestartSec=5
OOMScoreAdjust=-900
CPUQuota=5%

[Install]
WantedBy=multi-user.target
END
    systemctl daemon-reload && systemctl enable --now bakeoff-sampler.service
}
start_sampler || echo "The sampler of memory could not be started." >&2
