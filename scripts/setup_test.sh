#!/bin/sh
# What only the tests need from Debian: a browser and its fonts, zbar, a Mosquitto to test against beside the bundled broker,
# and Spin with a C compiler for the second model of the separation protocol.
set -eu
missing=""
need() { # need COMMAND-OR-FILE PACKAGE
    command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || missing="$missing $2"
}
need chromium chromium
need openssl openssl
need mosquitto mosquitto
need spin spin
need gcc gcc
ls /usr/include/stdio.h >/dev/null 2>&1 || missing="$missing libc6-dev"
need /usr/share/fonts/truetype/wqy/wqy-microhei.ttc fonts-wqy-microhei
ls /usr/lib/*/libzbar.so.0 >/dev/null 2>&1 || missing="$missing libzbar0"
ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1 || missing="$missing libatomic1" # for the Node inside playwright
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: the tests want these Debian packages:$missing" >&2
    exit 2
fi
echo "setup: installing$missing"
apt-get update -qq >/dev/null
# A package's own service must not start here: the tests run their own broker.
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d.bidhall && chmod +x /usr/sbin/policy-rc.d.bidhall
[ -e /usr/sbin/policy-rc.d ] || { mv /usr/sbin/policy-rc.d.bidhall /usr/sbin/policy-rc.d && trap 'rm -f /usr/sbin/policy-rc.d' EXIT; }
rm -f /usr/sbin/policy-rc.d.bidhall
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
