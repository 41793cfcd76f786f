#!/usr/bin/env bash
# `make openapi`: writes api/openapi.yaml from the code. With --check it fails where the file is not what the code says.
# It needs no database and starts no server.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"; . "$here/toolchain.sh"

cd "$ROOT"
mkdir -p "$LOCAL"
need_toolchain
# The same features as `make test`, so that one build serves both.
SQLX_OFFLINE=true cargo build --locked --workspace --features almanac-api/faults,almanac-worker/faults
"${CARGO_TARGET_DIR:-$ROOT/target}/debug/almanac-api" openapi >"$LOCAL/openapi.yaml"
[ -s "$LOCAL/openapi.yaml" ] || fail "almanac-api openapi printed nothing"
if [ "${1:-}" = --check ]; then
    diff -u api/openapi.yaml "$LOCAL/openapi.yaml" >&2 || fail "api/openapi.yaml is not what the code says; run: make openapi"
    note "api/openapi.yaml is what the code says"
else
    cp "$LOCAL/openapi.yaml" api/openapi.yaml
fi
