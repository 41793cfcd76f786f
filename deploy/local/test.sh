#!/usr/bin/env bash
# `make test`: builds both programs with their crash points and runs every test. Arguments go to the integration tests,
# and leave out all others; `web` alone stands for the tests of web/.
# The tests start private servers of their own with the programs found here, and end them.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"

cd "$ROOT"
tools="$("$here/tools.sh")" || exit 1
while IFS='=' read -r name value; do export "$name=$value"; done <<<"$tools"
# rustup may have just been installed by tools.sh, in a process of its own.
if [ -d "${CARGO_HOME:-$HOME/.cargo}/bin" ]; then PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"; fi
# Tests connect to their own servers only.
unset DATABASE_URL DATABASE_OWNER_URL REDIS_URL OPENROUTER_API_KEY
export SQLX_OFFLINE=true
faults=(--workspace --locked --features "almanac-api/faults,almanac-worker/faults")

cargo build "${faults[@]}"
if [ "$*" = web ]; then exec "$here/web.sh"; fi
result=0
outputs="$(mktemp -d)"
trap 'rm -rf "$outputs"' EXIT
output="$outputs/integration"
failed_parts=()

# Runs one part of the tests. If it fails, the others still run, and the end repeats what it printed last.
part() {
    local name=$1
    shift
    "$@" 2>&1 | tee "$outputs/$name" || failed_parts+=("$name")
}

if [ $# = 0 ]; then
    part unit cargo test "${faults[@]}" --no-fail-fast --lib --bins
    part clients "$here/clients.sh"
    part mail "$here/mail_check.sh"
    part alerts "$here/alerts.sh"
    part web "$here/web.sh"
fi
# Most of a test's time is waiting, so more of them than there are cores.
if ! cargo test "${faults[@]}" --test it -- --test-threads "${TEST_THREADS:-4}" "$@" | tee "$output"; then
    # The names below the second "failures:", without those of tests that print such lines themselves.
    mapfile -t failed < <(sed -n '/^failures:$/,/^test result:/s/^    \([a-z0-9_]\+\(::[a-z0-9_]\+\)\+\)$/\1/p' "$output" | sort -u)
    # Tests that kill and stall processes by the clock can fail beside others on a machine that is too slow for them. What
    # is broken fails alone too; and more than a few failures are no accident.
    if [ "${#failed[@]}" -ge 1 ] && [ "${#failed[@]}" -le 3 ]; then
        say "failed beside other tests, now alone: ${failed[*]}"
        cargo test "${faults[@]}" --test it -- --test-threads 1 --include-ignored --exact "${failed[@]}" || result=1
    else
        result=1
    fi
fi
for name in "${failed_parts[@]}"; do
    say "failed: $name, whose output ended with"
    tail -n 20 "$outputs/$name"
    result=1
done
exit "$result"
