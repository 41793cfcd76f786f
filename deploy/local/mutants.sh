#!/usr/bin/env bash
# `make mutants`: changes the pure rules in one place at a time and runs the unit tests of that area on each change. A change
# that passes them is a survivor: a test beside the rule is missing. An argument is a file, or the start of paths.
# It works on a copy at a fixed path, so that each build continues the one before it.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"; . "$here/toolchain.sh"

files=(
    shared/src/values/{merge,csv,json_reader,local_time}.rs
    shared/src/calendar/{slots,diff,edits,rules,content}.rs
    shared/src/organic/{slots,matching,plan,rules,fitting,time,fields}.rs
    shared/src/brands/{rules,terms,name}.rs
    shared/src/flashcards/rules.rs
    shared/src/events/event.rs
    worker/src/outbound/{backoff,retry_budget,breaker,redact}.rs
    worker/src/outbound/ai/{filter,echo,items,answer,mend,text}.rs
)

copy="$LOCAL/mutants/tree"
reports="$LOCAL/mutants/reports"

copy_sources() {
    rm -rf "$copy"
    mkdir -p "$copy" "$reports"
    # New modification times: after a run that was killed, a build of a mutant must not count as a build of the sources.
    git ls-files -z --cached --others --exclude-standard | tar -c --null --ignore-failed-read -T - | tar -xm -C "$copy"
}

# The unit tests that must notice a change: those of the file's folder. In some folders the files do not use each other.
tests_of() {
    local module="${1#*/src/}"
    module="${module%.rs}"
    case "$module" in
        outbound/ai/*) module="${module%/*}" ;;
        values/* | outbound/*) ;;
        *) module="${module%%/*}" ;;
    esac
    echo "${module//\//::}::"
}

# The composer's tests take long, and test the composer.
run_on() {
    local file="$1" result=0
    shift
    rm -rf "${reports:?}/${file//\//-}"
    cargo mutants --dir "$copy" --in-place --output "$reports/${file//\//-}" --file "$file" --timeout 60 \
        --colors never "$@" -- "$(tests_of "$file")" -- --skip composer:: || result=$?
    # 2: a survivor; 3: a mutant that did not end in time, which counts as noticed.
    case "$result" in 0 | 3) return 0 ;; 2) return 2 ;; *) fail "cargo-mutants could not run on $file" ;; esac
}

cd "$ROOT"
need_toolchain
need_mutants
export SQLX_OFFLINE=true CARGO_TARGET_DIR="$LOCAL/mutants/target"
# A failed property is a caught mutant; its smallest example is not needed.
export PROPTEST_MAX_SHRINK_ITERS=0
only="${1:-}"
[ $# = 0 ] || shift
copy_sources
survivors=0 run=0
for file in "${files[@]}"; do
    case "$file" in "$only"*) ;; *) continue ;; esac
    run=$((run + 1))
    say "$file"
    run_on "$file" "$@" || survivors=$((survivors + 1))
done
[ "$run" -gt 0 ] || fail "$only is none of the pure modules listed in $0"
[ "$survivors" = 0 ] || fail "survivors in $survivors file(s), listed above; reports are below $reports"
say "no survivor"
