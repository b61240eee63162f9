#!/bin/sh
# Fills .venv from the lock and builds the dashboard. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/.."

python=""
for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "setup: no Python 3.11 or newer on PATH; on Debian 12: apt-get install python3 python3-venv" >&2
    exit 2
fi

if [ ! -x .venv/bin/pip ]; then
    rm -rf .venv
    if ! "$python" -m venv .venv >/dev/null 2>&1; then
        # Debian ships venv apart from Python.
        rm -rf .venv
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            echo "setup: installing python3-venv"
            apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        fi
        "$python" -m venv .venv || { echo "setup: '$python -m venv' does not work; install python3-venv" >&2; exit 2; }
    fi
fi

stamp=.venv/.bidhall-setup
want=$(cat requirements/dev.txt pyproject.toml scripts/setup.sh | sha256sum)
if [ "$(cat $stamp 2>/dev/null)" != "$want" ]; then
    echo "setup: filling .venv from requirements/dev.txt"
    .venv/bin/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
    .venv/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
    printf '%s' "$want" >$stamp
fi

sh scripts/build_dashboard.sh
