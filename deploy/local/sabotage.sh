#!/usr/bin/env bash
# `make sabotage`: removes one guard at a time and shows that the test named for it turns red. The pairs stand in
# tests/sabotage.txt. A guard whose removal nobody notices is not tested, and fails this run.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"

cd "$ROOT"
mkdir -p "$LOGS"
tools="$("$here/tools.sh")" || exit 1
while IFS='=' read -r name value; do export "$name=$value"; done <<<"$tools"
if [ -d "${CARGO_HOME:-$HOME/.cargo}/bin" ]; then PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"; fi
unset DATABASE_URL DATABASE_OWNER_URL REDIS_URL OPENROUTER_API_KEY
export SQLX_OFFLINE=true
faults=(--workspace --locked --features "almanac-api/faults,almanac-worker/faults")

it() { cargo test -q "${faults[@]}" --test it -- --exact "$1"; }

cargo build "${faults[@]}"
say "every guard in place, then each removed"
unnoticed=0
while read -r guard test; do
    case "$guard" in '' | '#'*) continue ;; esac
    if [ $# -gt 0 ] && [ "$1" != "$guard" ]; then continue; fi
    log="$LOGS/sabotage-$guard.log"
    if ! it "$test" >"$log" 2>&1 </dev/null || ! grep -q '1 passed' "$log"; then
        printf '%-18s %s: not green with the guard in place\n' "$guard" "$test"
        unnoticed=$((unnoticed + 1))
    elif ALMANAC_SABOTAGE="$guard" it "$test" >"$log" 2>&1 </dev/null; then
        printf '%-18s %s: NOBODY NOTICED\n' "$guard" "$test"
        unnoticed=$((unnoticed + 1))
    else
        printf '%-18s %s: red, as it must be\n' "$guard" "$test"
    fi
done <tests/sabotage.txt
[ "$unnoticed" = 0 ] || fail "$unnoticed guard(s) are not tested; logs are below $LOGS"
