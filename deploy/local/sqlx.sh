#!/usr/bin/env bash
# `make sqlx`: writes .sqlx, the description of every checked query, from a throwaway database with all migrations.
# With --check it writes nothing and fails where .sqlx is not what the code and the migrations say.
#
# sqlx's own macros write one file per query into SQLX_OFFLINE_DIR while they ask a live database, so no further tool is
# needed. They leave files of deleted queries behind; an empty folder to write into, then swapped in, cures that.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
POSTGRES_NAME=postgres-sqlx
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"; . "$here/toolchain.sh"; . "$here/postgres.sh"

main() {
    cd "$ROOT"
    mkdir -p "$RUN" "$LOGS"
    need_toolchain
    need_postgres || fail "PostgreSQL $POSTGRES_AT_LEAST or newer is needed to check queries"
    exec 9>"$LOCAL/sqlx.lock"
    flock -w 600 9 || fail "another query check runs in this checkout"
    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    throw_away
    start_postgres
    make_database almanac
    apply_migrations
    describe_queries
    if [ "${1:-}" = --check ]; then compare; else replace; fi
}

# With psql: the API's own migrate command cannot be built while its queries are not yet described. The same two steps:
# numbered files, then functions in path order.
apply_migrations() {
    local file
    for file in migrations/*.sql; do as_owner -f - <"$file" || fail "${file##*/} does not apply"; done
    {
        echo 'SET check_function_bodies = off;'
        find migrations/functions -name '*.sql' -print0 | LC_ALL=C sort -z | xargs -0 cat
    } | as_owner -f - || fail "a file in migrations/functions does not apply"
}

as_owner() {
    "$POSTGRES_BIN/psql" -X -q -v ON_ERROR_STOP=1 -1 -h "$POSTGRES_SOCKETS" -U almanac_owner -d almanac "$@" >/dev/null
}

describe_queries() {
    FRESH="$LOCAL/sqlx-fresh"
    rm -rf "$FRESH"
    mkdir -p "$FRESH"
    # Macros run when their crate is compiled, and cargo compiles what is newer than its last build.
    touch shared/src/lib.rs
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$FRESH" DATABASE_URL="$(postgres_url almanac_owner almanac)" \
        cargo check --locked -p almanac-shared --all-targets --features faults 9>&-
    # The next build must read the files, not remember this database.
    touch shared/src/lib.rs
}

compare() {
    mkdir -p .sqlx
    if ! diff -rq .sqlx "$FRESH" >&2; then
        rmdir .sqlx 2>/dev/null || true
        fail ".sqlx is not what the code says; run: make sqlx"
    fi
    rmdir .sqlx 2>/dev/null || true
    note ".sqlx describes every query: $(find "$FRESH" -name '*.json' | wc -l) files"
}

replace() {
    rm -rf .sqlx
    if [ -n "$(ls -A "$FRESH")" ]; then mv "$FRESH" .sqlx; fi
    note ".sqlx holds $(find .sqlx -name '*.json' 2>/dev/null | wc -l) files"
}

throw_away() {
    stop_postgres
    rm -rf "$(service_folder "$POSTGRES_NAME")" "$LOCAL/$POSTGRES_NAME.path"
}

stop() {
    local result=$?
    trap - EXIT
    throw_away || true
    rm -rf "$LOCAL/sqlx-fresh"
    exit "$result"
}

main "$@"
