#!/usr/bin/env bash
# Finds or installs everything a build and a test run need, and prints where it is as NAME=value lines.
# Called by the other scripts and by hand; it starts no server.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"; . "$here/toolchain.sh"; . "$here/postgres.sh"; . "$here/redis.sh"; . "$here/faketime.sh"

need_toolchain
need_postgres || fail "PostgreSQL $POSTGRES_AT_LEAST or newer is missing and could not be installed. Install the package 'postgresql' (Debian, Ubuntu) or 'postgresql-server' (Fedora), or put its bin folder on PATH."
need_redis || fail "Redis $REDIS_AT_LEAST or newer is missing and could not be installed. Install the package 'redis-server' (Debian, Ubuntu) or 'redis' (Fedora), or put redis-server on PATH."
need_faketime || fail "libfaketime is missing and could not be installed. Install the package 'libfaketime', or name libfaketimeMT.so.1 in TEST_FAKETIME."
printf 'TEST_POSTGRES_BIN=%s\nTEST_REDIS_SERVER=%s\nTEST_FAKETIME=%s\nTEST_SERVICE_USER=%s\n' "$POSTGRES_BIN" "$REDIS_SERVER" "$FAKETIME_LIBRARY" "$(service_user)"
