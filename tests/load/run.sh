#!/usr/bin/env bash
# `make bench`: builds release programs and the load driver, and runs each phase against servers of its own.
# PHASES (all), SECS (8) of a closed loop, N (2000) jobs, K (5000) streams, REPS (100) jobs one by one, WORKERS (1). Raw lines are appended
# to .local/load.jsonl. It starts private servers only, and ends them.
set -euo pipefail
local_scripts="$(dirname "${BASH_SOURCE[0]}")/../../deploy/local"
# shellcheck source-path=SCRIPTDIR/../../deploy/local
. "$local_scripts/ground.sh"

cd "$ROOT"
tools="$("$local_scripts/tools.sh")" || exit 1
while IFS='=' read -r name value; do export "$name=$value"; done <<<"$tools"
if [ -d "${CARGO_HOME:-$HOME/.cargo}/bin" ]; then PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"; fi
unset DATABASE_URL DATABASE_OWNER_URL REDIS_URL OPENROUTER_API_KEY
# Two sockets a stream, and the driver's own. The limit that root may not raise is taken as it is.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"

target="${CARGO_TARGET_DIR:-$ROOT/target}"
# On many machines /tmp is memory, where a commit costs nothing.
export SQLX_OFFLINE=true TEST_DURABLE=1 TMPDIR=/var/tmp
export TEST_PROGRAMS="${TEST_PROGRAMS:-$target/release}" LOAD_FILE="${LOAD_FILE:-$LOCAL/load.jsonl}"
LOAD_COMMIT="$(git rev-parse --short HEAD 2>/dev/null || true)"
if [ -n "$(git status --porcelain --untracked-files=no 2>/dev/null)" ]; then LOAD_COMMIT="$LOAD_COMMIT+"; fi
export LOAD_COMMIT

if [ -z "${LOAD_DRIVER:-}" ]; then
    say "building"
    # One call per package: features of the driver's dependencies must not reach the programs under test.
    cargo build --release --locked -p almanac-api
    cargo build --release --locked -p almanac-worker
    cargo build --release --locked -p almanac-tests --bin almanac-load
    LOAD_DRIVER="$target/release/almanac-load"
fi

result=0
for phase in ${PHASES:-submit e2e idle calendar organic publish schedules streams pure}; do
    say "$phase"
    if [ "$phase" = pure ]; then
        for bench in pure merge organic; do
            cargo bench --locked -p almanac-shared --bench "$bench" -- --quiet --noplot >/dev/null || result=1
        done
        cargo bench --locked -p almanac-worker --bench pure -- --quiet --noplot >/dev/null || result=1
    fi
    "$LOAD_DRIVER" "$phase" || result=1
done
note "raw lines: $LOAD_FILE"
exit "$result"
