#!/bin/sh
# Policy checks: checkov over the Terraform in infra/, zizmor over the workflows. Ends with 1 if either finds something.
# Installs both, pinned, into .cache/policy on the first call; after that nothing is fetched, and nothing is ever sent.
# `.ci/policy.sh install` ends there: `bakeoff review` finds checkov in that place.
# A finding that is meant is suppressed where it stands, with a reason: `#checkov:skip=ID:reason`, `# zizmor: ignore[id] reason`.
set -eu
cd "$(dirname "$0")/.."

home=.cache/policy
pins=.ci/requirements-policy.txt
python=$(.venv/bin/python -c 'import sys; print(sys._base_executable)')
key="$(cksum <$pins) $(pwd -P)"

if [ "$(cat $home/stamp 2>/dev/null)" != "$key" ]; then
    echo "bakeoff: installing the policy checks into $home (once; about a minute)" >&2
    rm -rf $home
    mkdir -p .cache/setup
    log=.cache/setup/policy.log
    if command -v uv >/dev/null 2>&1; then
        install() { uv venv --quiet --python "$python" $home && uv pip install --quiet --python $home/bin/python --no-deps -r $pins; }
    else
        install() { "$python" -m venv --without-pip $home && "$python" -m pip --python $home/bin/python install --quiet --no-deps --no-input --disable-pip-version-check -r $pins; }
    fi
    if ! install >$log 2>&1; then
        tail -n 5 $log >&2
        echo "bakeoff: the policy checks could not be installed (whole log: $log); cure: see to the network or the package index, and run 'make policy' again" >&2
        exit 1
    fi
    echo "$key" >$home/stamp
fi

[ "${1:-check}" != install ] || exit 0

failed=0
echo "== checkov: infra/"
$home/bin/checkov --config-file .ci/checkov.yaml --directory infra --quiet || failed=1
echo "== zizmor: .github/workflows/"
$home/bin/zizmor --offline --no-progress --strict-collection .github/workflows || failed=1
exit $failed
