#!/bin/sh
# Makes .venv and installs the pinned packages into it:  .ci/setup.sh base   what `make demo` needs
#                                                        .ci/setup.sh gcp    also Google's clients, for --target gcp
#                                                        .ci/setup.sh train  also TensorFlow, for train and serve
#                                                        .ci/setup.sh test   also TensorFlow and the test tools
# A second call finds its stamp and ends at once. POSIX sh, because Python may be what is missing. Whatever is wrong
# is said in one sentence that ends with the command that cures it. PYTHON=... names the interpreter to use.
# Why it installs by its own list rather than by `pip install .[test]`: infra/decisions/2026-11-22-set-up.md
set -eu

wanted=${1:-base}
venv=.venv
logs=.cache/setup

fail() { printf 'bakeoff: %s\n' "$1" >&2; exit 1; }
say() { printf 'bakeoff: %s\n' "$1" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

case $wanted in
base) sections='base'; need_mb=1700 ;;
gcp) sections='base gcp'; need_mb=2000 ;;
train) sections='base gcp train'; need_mb=4600 ;; # a section holds what the ones before it lack
test) sections='base gcp train test'; need_mb=4800 ;;
*) fail "unknown set of packages '$wanted': give base, gcp, train or test, as in: .ci/setup.sh base" ;;
esac

root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
[ -f pyproject.toml ] && [ -f constraints.txt ] ||
    fail "$root lacks pyproject.toml or constraints.txt, so it is not a whole checkout; clone the project again."

is_311() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1; }
key() { printf '%s %s %s' "$(cat pyproject.toml constraints.txt .ci/setup.sh | cksum)" "$root" "$(readlink -f $venv/bin/python)"; }
stamped() { [ -f "$venv/$1.stamp" ] && [ "$(cat "$venv/$1.stamp")" = "$(key)" ]; }

# Installed already, by this set or by the larger one, for this place, with an interpreter that still runs?
current() { { stamped "$wanted" || stamped test; } && is_311 $venv/bin/python; }
! current || exit 0

# --- What this machine must have ------------------------------------------------------------------------------------
get() { if have apt-get; then echo "sudo apt-get install -y $1"; elif have dnf; then echo "sudo dnf install -y $2"; else echo "install $1"; fi; }

[ "$(uname -s) $(uname -m)" = "Linux x86_64" ] ||
    fail "the local target runs on Linux x86-64 (its object-store server is built for that alone), and this is $(uname -sm); use such a machine, for example: docker run -it -v \"\$PWD\":/bakeoff -w /bakeoff python:3.11 make demo"
have make || fail "make is not installed, and it is what starts everything; cure: $(get make make)"
have git || fail "git is not installed, and every record names the revision it was made with; cure: $(get git git)"

python=
pip_less=
versions=
for candidate in ${PYTHON:-python3.11 python3 python /usr/bin/python3.11 /usr/local/bin/python3.11}; do
    have "$candidate" || continue
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    versions="$versions $candidate=$version"
    [ "$version" = 3.11 ] || continue
    if have uv || "$candidate" -c 'import venv, ensurepip' >/dev/null 2>&1 || "$candidate" -m pip --version >/dev/null 2>&1; then
        python=$candidate
        break
    fi
    pip_less=${pip_less:-$candidate}
done
if [ -z "$python" ] && [ -n "$pip_less" ]; then
    fail "$pip_less cannot make virtual environments with pip in them (its module ensurepip is missing); cure: $(get python3.11-venv python3.11)"
fi
if [ -z "$python" ] && ! have uv; then # uv fetches an interpreter itself
    found=$(echo "$versions" | tr -s ' ' ',' | sed 's/^,//; s/,/, /g')
    fail "Python 3.11 is needed and was not found (found: ${found:-no Python at all}); cure: $(get 'python3.11 python3.11-venv' python3.11), or install uv, or name one with: make PYTHON=/path/to/python3.11 demo"
fi

# --- One set-up at a time; a broken or foreign environment is made anew ----------------------------------------------
mkdir -p $logs
if have flock; then
    exec 9>$logs/lock
    flock -n 9 || { say "another set-up is at work in this checkout; waiting for it"; flock 9; }
    ! current || exit 0
fi

# Half an install can look whole to pip, and scripts name the place they were made for: in both cases start afresh.
same_place() { [ -f $venv/place ] && [ "$(cat $venv/place)" = "$root" ]; }
if [ -e $venv ] && { [ -f $venv/installing ] || ! same_place || ! is_311 $venv/bin/python; }; then
    [ -f $venv/pyvenv.cfg ] || [ -f $venv/installing ] ||
        fail "$root/$venv exists and is not a virtual environment, so it is left alone; cure: mv $venv $venv.old"
    say "the old $venv is incomplete, was moved or has lost its interpreter: making it anew"
    rm -rf $venv
fi

free_mb=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
[ ! -d $venv ] || need_mb=$((need_mb - 1200)) # what is there already, or most of it
[ "$free_mb" -ge "$need_mb" ] ||
    fail "too little disk: the packages take $need_mb MB and $root has $free_mb MB free; cure: free some space, or clone to another disk (see: df -h)"

# --- Install ----------------------------------------------------------------------------------------------------------
began=$(date +%s)
pids=
# pip unpacks here and not in /tmp: what a pip that is cut off leaves, the next set-up clears away.
TMPDIR=$root/$logs/tmp
export TMPDIR
rm -rf "$TMPDIR"
mkdir -p "$TMPDIR"
stop() {
    trap - INT TERM EXIT
    [ -z "$pids" ] || { kill $pids 2>/dev/null || true; wait $pids 2>/dev/null || true; }
    rm -rf "$TMPDIR"
}
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM
trap stop EXIT

why() { # why LOG: the reason for a failed install, as a sentence with its cure
    if grep -qiE 'no space left|errno 28|disk quota' "$1"; then
        fail "the disk is full ($(df -Ph . | awk 'NR == 2 { print $4 }') left of the $need_mb MB that are needed); cure: free some space and run the same command again"
    elif grep -qiE 'NewConnectionError|NameResolution|name resolution|ConnectTimeout|ReadTimeout|Connection refused|ProxyError|unreachable|dns error|failed to fetch|error sending request|SSLError|certificate' "$1"; then
        fail "the package index cannot be reached; cure: see to the network or the proxy (HTTPS_PROXY), check it with 'python3.11 -m pip download --no-deps -d /tmp six', and run the same command again"
    elif grep -qE 'No matching distribution|not find a version' "$1"; then
        fail "the package index lacks a version that constraints.txt names ($(grep -oE 'No matching distribution found for [^ ]+' "$1" | tail -1)); cure: use a complete index, or choose versions anew with: make lock"
    fi
    tail -n 15 "$1" >&2
    fail "installing failed, for the reason above (whole log: $root/$1); cure: rm -rf $venv and run the same command again"
}

packages=$logs/packages.txt
for section in $sections; do
    awk -v section="# [$section]" '/^# \[/ { on = ($0 == section) } on && /^[A-Za-z]/' constraints.txt
done >$packages
total=$(grep -c . $packages)
say "installing $total packages into $root/$venv (once; some minutes on a slow line)"

if have uv; then
    [ -d $venv ] || uv venv --quiet --python "${python:-3.11}" $venv 2>$logs/venv.log || why $logs/venv.log
    touch $venv/installing
    echo "$root" >$venv/place
    rm -f $venv/*.stamp
    { uv pip install --python $venv/bin/python --no-deps --compile-bytecode -r $packages 2>&1 || touch $logs/uv.failed; } |
        tee $logs/uv.log >&2
    [ ! -f $logs/uv.failed ] || { rm $logs/uv.failed; why $logs/uv.log; }
    uv pip install --quiet --python $venv/bin/python --no-deps --no-build-isolation -e . >$logs/own.log 2>&1 || why $logs/own.log
else
    [ -d $venv ] || "$python" -m venv --without-pip $venv >$logs/venv.log 2>&1 || why $logs/venv.log
    touch $venv/installing
    echo "$root" >$venv/place
    rm -f $venv/*.stamp
    # The interpreter's own pip installs into .venv where it can (from pip 22.3 on); a pip inside costs 7 s more.
    into() { "$python" -m pip --python $venv/bin/python "$@"; }
    if ! into --version >/dev/null 2>&1; then
        $venv/bin/python -m ensurepip >>$logs/venv.log 2>&1 || why $logs/venv.log
        into() { $venv/bin/python -m pip "$@"; }
    fi
    # Two pips side by side, without resolver and compiler, take half the time of one with both. Most of it goes by
    # the package, not by the byte, so every other line is a fair half.
    awk -v lists=$logs/lane- 'NF { print >(lists (NR % 2 + 1) ".txt") }' $packages
    for lane in lane-1 lane-2; do
        into install --no-deps --no-compile --no-input --disable-pip-version-check --retries 3 \
            --progress-bar off -r $logs/$lane.txt >$logs/$lane.log 2>&1 &
        pids="$pids $!"
    done
    watch() { # one line that is redrawn on a terminal, a line every ten seconds elsewhere
        while sleep 1; do
            n=$(ls -d $venv/lib/python3.11/site-packages/*.dist-info 2>/dev/null | wc -l)
            n=$((n < total ? n : total)) # one more where pip itself is there
            if [ -t 2 ]; then printf '\r  %d of %d packages, %d s ' "$n" "$total" $(($(date +%s) - began)) >&2
            elif [ $((($(date +%s) - began) % 10)) = 0 ]; then say "$n of $total packages, $(($(date +%s) - began)) s"; fi
        done
    }
    watch &
    watcher=$!
    lanes=$pids
    pids="$pids $watcher"
    lane=0
    for pid in $lanes; do
        lane=$((lane + 1))
        wait "$pid" || { kill $pids 2>/dev/null || true; [ ! -t 2 ] || echo >&2; why $logs/lane-$lane.log; }
    done
    kill $watcher 2>/dev/null || true
    pids=
    [ ! -t 2 ] || printf '\r  %d of %d packages; compiling       \n' "$total" "$total" >&2
    into install --quiet --no-deps --no-build-isolation --no-input --disable-pip-version-check -e . >$logs/own.log 2>&1 &
    own=$!
    pids=$own
    # Compiled now, since with PYTHONDONTWRITEBYTECODE set every later import would compile again; less what no run imports.
    $venv/bin/python -m compileall -q -j 2 -x '/(tests?|setuptools|lexers|fontTools|pyasn1_modules)/|/pyspark/pandas/' $venv/lib/python3.11/site-packages >$logs/compile.log 2>&1 || true
    wait $own || why $logs/own.log
    pids=
fi

key >$venv/$wanted.stamp.new
mv $venv/$wanted.stamp.new $venv/$wanted.stamp
rm -f $venv/installing
say "installed in $(($(date +%s) - began)) s"
