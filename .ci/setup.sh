#!/bin/sh
# Makes .venv and installs a set of packages, in the versions of constraints.txt:
#   base: what `make demo` needs; gcp: also Google's clients; train: also TensorFlow; test: all, with the test tools;
#   policy: checkov and zizmor, in .cache/policy.
# A second call finds its stamp and ends at once. What is wrong is said in one sentence that ends with the command that
# cures it. PYTHON=... names the interpreter. pip's settings stay in force. Why so: infra/decisions/2026-12-01-set-up.md
set -eu

say() { printf 'bakeoff: %s\n' "$1" >&2; }
fail() { say "$1"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
get() { if have dnf; then echo "sudo dnf install -y $1"; else echo "sudo apt-get install -y $1"; fi; }

cd "$(dirname "$0")/.."
root=$(pwd -P)
wanted=${1:-base} venv=.venv larger='' pins='-c constraints.txt'
case $wanted in
base) packages='-e .' larger='gcp train test' need_mb=1700 ;;
gcp) packages='-e .[gcp]' larger='train test' need_mb=2000 ;;
train) packages='-e .[gcp,train]' larger='test' need_mb=4600 ;;
test) packages='-e .[test]' need_mb=4900 ;;
policy) packages='--no-deps -r .ci/requirements-policy.txt' pins='' venv=.cache/policy need_mb=600 ;;
*) fail "unknown set of packages '$wanted': give base, gcp, train, test or policy, as in: .ci/setup.sh base" ;;
esac

# A stamp holds what the environment was made of, for which place, and its interpreter's version. The tools' settings in
# pyproject.toml do not count.
key() { printf '%s %s %s' "$({ cat constraints.txt .ci/*.txt .ci/setup.sh; sed '/^\[tool/,$d' pyproject.toml; } | cksum)" "$root" "$($venv/bin/python -V 2>&1)"; }
holds() { # SET...: one of them is installed, and is up to date
    for set in "$@"; do [ "$(cat "$venv/$set.stamp" 2>/dev/null)" != "$(key)" ] || return 0; done
    return 1
}
! holds $wanted $larger || exit 0

# --- What this machine must have ----------------------------------------------------------------------------------------
[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] ||
    fail "the local target runs on Linux x86-64 (its object-store server is built for that alone), and this is $(uname -sm); use such a machine, for example: docker run -it -v \"\$PWD\":/bakeoff -w /bakeoff python:3.13 make demo"
for tool in make git; do have $tool || fail "$tool is not installed; cure: $(get $tool)"; done
python='' found=''
for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 /usr/bin/python3}; do
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    "$candidate" -c 'import venv, ensurepip' 2>/dev/null || version="$version without ensurepip"
    found="$found${found:+, }$candidate is $version"
    case $version in 3.11 | 3.12 | 3.13) python=$candidate && break ;; esac
done
[ -n "$python" ] || have uv || # uv needs no ensurepip, and finds an interpreter itself
    fail "Python 3.11, 3.12 or 3.13 with its modules venv and ensurepip is needed (${found:-there is no Python at all}); cure: $(get "python3$(have dnf || echo -venv)"), or name one with: make PYTHON=/path/to/python3 demo"

# --- One set-up at a time; an environment that is not up to date or was cut off is made anew ------------------------------
mkdir -p .cache/setup
exec 9>.cache/setup/lock
flock -n 9 || { say "another set-up is at work in this checkout; waiting for it"; flock 9; }
! holds $wanted $larger || exit 0
if [ -e $venv ] && ! holds base gcp train test policy; then
    [ -f $venv/pyvenv.cfg ] || fail "$root/$venv exists and is not a virtual environment, so it is left alone; cure: mv $venv $venv.old"
    say "the old $venv is out of date, incomplete or was moved: making it anew"
    rm -rf $venv
fi
free_mb=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
[ "$free_mb" -ge $need_mb ] ||
    fail "too little disk: the packages take $need_mb MB and $root has $free_mb MB free; cure: free some space, or clone to another disk (see: df -h)"

# --- Install --------------------------------------------------------------------------------------------------------------
log=.cache/setup/$wanted.log
export PIP_USER=0 TMPDIR="$root/.cache/setup/tmp" # what a pip that is cut off leaves there, the next set-up clears away
rm -rf $log "$TMPDIR" && mkdir "$TMPDIR"
why() { # the reason for a failed command, as a sentence with its cure
    if grep -qiE 'no space left|errno 28|disk quota' $log; then
        fail "the disk is full; cure: free $need_mb MB (see: df -h .) and run the same command again"
    elif grep -qiE 'NewConnectionError|name resolution|Connect(ion)?Timeout|ReadTimeout|refused|ProxyError|unreachable|dns error|failed to fetch|error sending request|SSLError|certificate verify' $log; then
        fail "the package index cannot be reached; cure: see to the network, the proxy (HTTPS_PROXY) or pip's settings (python3 -m pip config list), and run the same command again"
    elif lacking=$(grep -oE 'No matching distribution found for [^ ]+|requested \(constraint\) [^ ]+|there is no version of [^ ]+' $log); then
        fail "the package index lacks a version that constraints.txt names, or a constraint of yours forbids it ($lacking); cure: use a complete index, or choose versions anew with: make lock"
    fi
    tail -n 15 $log >&2
    fail "installing failed, for the reason above (whole log: $root/$log); cure: rm -rf $venv and run the same command again"
}
run() { # COMMAND...: its output goes into the log and, on a terminal, line over line to the screen
    { "$@" 2>&1 || echo failed; } | while IFS= read -r line; do
        printf '%s\n' "$line" >>$log
        [ ! -t 2 ] || printf '\r\033[K  %.76s' "$line" >&2
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
    [ "$(tail -n 1 $log 2>/dev/null)" != failed ] || why
}
# uv is faster, but does not know pip's settings: where pip has an index of its own or the like, pip installs.
pip_settings() { { env; $venv/bin/python -m pip config list 2>/dev/null; } | grep -qiE '(^PIP_|\.)(index|extra.index|no.index|find.links|constraint|cert|client|proxy|trusted)'; }
install() {
    if have uv && ! pip_settings; then run uv pip install --python $venv/bin/python "$@"; else
        run $venv/bin/python -m pip install --no-compile --no-input --disable-pip-version-check "$@"; fi
}

say "installing into $root/$venv (once; a minute or two, more on a slow line)"
if [ -d $venv ]; then rm $venv/*.stamp
elif [ -n "$python" ]; then run "$python" -m venv $venv
else run uv venv --seed --python '>=3.11,<3.14' $venv; fi
[ -z "$pins" ] || install $pins setuptools wheel # pyspark comes as source: built with the pinned tools, not with the newest
install $pins --no-build-isolation $packages
# Compiled now, on every core, since with PYTHONDONTWRITEBYTECODE set each import would compile anew.
$venv/bin/python -W ignore -m compileall -q -j 0 -x '/(tests?|setuptools|lexers|pyasn1_modules)/|/pyspark/pandas/' $venv/lib/python3*/site-packages >/dev/null 2>&1 || true
key >$venv/$wanted.stamp
say "installed"
