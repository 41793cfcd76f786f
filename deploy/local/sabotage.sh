#!/usr/bin/env bash
# `make sabotage`: removes one guard at a time and shows that the test named for it turns red. The pairs stand in
# tests/sabotage.txt; guards in SQL are removed by tests/sabotage/<guard>.sql, the others by switches of the programs
# (shared/src/platform/faults.rs). A guard whose removal fails no test is not tested, and fails this run.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"

cd "$ROOT"
mkdir -p "$LOGS"
tools="$("$here/tools.sh")" || exit 1
while IFS='=' read -r name value; do export "$name=$value"; done <<<"$tools"
if [ -d "${CARGO_HOME:-$HOME/.cargo}/bin" ]; then PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"; fi
unset DATABASE_URL DATABASE_OWNER_URL REDIS_URL OPENROUTER_API_KEY ALMANAC_SABOTAGE
export SQLX_OFFLINE=true
faults=(--workspace --locked --features "almanac-api/faults,almanac-worker/faults")

it() { cargo test -q "${faults[@]}" --test it -- --exact "$@" </dev/null; }

guards=() tests=()
while read -r guard test; do
    case "$guard" in '' | '#'*) continue ;; esac
    if [ $# -gt 0 ] && [ "$1" != "$guard" ]; then continue; fi
    guards+=("$guard") tests+=("$test")
done <tests/sabotage.txt
[ ${#guards[@]} -gt 0 ] || fail "tests/sabotage.txt knows no guard ${1:-}"

cargo build "${faults[@]}"
say "every guard in place"
log="$LOGS/sabotage-none.log"
count="$(printf '%s\n' "${tests[@]}" | sort -u | wc -l)"
# A misspelt name runs no test at all, and that is no green.
if ! it "${tests[@]}" >"$log" 2>&1 || ! grep -q "test result: ok. $count passed" "$log"; then
    tail -n 40 "$log" >&2
    fail "with every guard in place the $count tests must be green; the log is $log"
fi

# Red must mean that the test failed, not that the guard could not be removed.
verdict() {
    if ALMANAC_SABOTAGE="$1" it "$2" >"$3" 2>&1; then
        echo "NOT DETECTED"
    elif grep -q 'THE SABOTAGE DID NOT APPLY' "$3" || ! grep -q 'test result: FAILED. 0 passed; 1 failed' "$3"; then
        echo "DID NOT RUN"
    else
        echo "red"
    fi
}

say "each guard removed in turn"
unnoticed=0 lines=()
for n in "${!guards[@]}"; do
    log="$LOGS/sabotage-${guards[n]}.log"
    result="$(verdict "${guards[n]}" "${tests[n]}" "$log")"
    [ "$result" = red ] || unnoticed=$((unnoticed + 1))
    lines+=("$(printf '%-16s %-15s %s' "${guards[n]}" "$result" "${tests[n]}")")
    printf '  %s: %s\n' "${guards[n]}" "$result"
done

printf '\n%-16s %-15s %s\n' "without" "its test is" "test"
printf '%s\n' "${lines[@]}"
[ "$unnoticed" = 0 ] || fail "$unnoticed guard(s) are not tested; logs are below $LOGS"
say "every guard is missed by its test"
