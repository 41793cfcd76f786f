# Finds or installs Postgres, and runs a private instance of it below .local. Sourced by the other scripts here.
# It never uses, stops or configures an instance that it did not start.
# shellcheck shell=bash

POSTGRES_AT_LEAST=15
# Which private instance: `make run` and the query check have one each, so that neither disturbs the other.
POSTGRES_NAME="${POSTGRES_NAME:-postgres}"

# Prints the folder with initdb and postgres.
find_postgres() {
    local folder best="" best_version=0 version
    for folder in ${TEST_POSTGRES_BIN:-} "$(dirname "$(realpath "$(command -v postgres || echo /none/x)" 2>/dev/null || echo /none/x)")" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql*/ /opt/homebrew/opt/postgresql*/bin /usr/local/pgsql/bin; do
        [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ] && [ -x "$folder/psql" ] || continue
        version="$("$folder/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')"
        if [ "$version" -ge "$POSTGRES_AT_LEAST" ] && [ "$version" -gt "$best_version" ]; then
            best="${folder%/}"
            best_version="$version"
        fi
    done
    [ -n "$best" ] && printf '%s\n' "$best"
}

# Sets POSTGRES_BIN, installing the packages if need be. Returns 1 where that is not possible.
need_postgres() {
    POSTGRES_BIN="$(find_postgres)" && return 0
    say "installing PostgreSQL"
    install_packages apt "postgresql" dnf "postgresql-server postgresql" apk "postgresql" || return 1
    leave_disabled postgresql
    POSTGRES_BIN="$(find_postgres)" && return 0
    # An older Debian or Ubuntu: the PostgreSQL project's own packages, set up by the script that Debian ships for it.
    if [ -x /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh ] || install_packages apt "postgresql-common"; then
        as_root /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y >&2 || return 1
        install_packages apt "postgresql-16" || return 1
        leave_disabled postgresql
    fi
    POSTGRES_BIN="$(find_postgres)"
}

# Starts the private instance and sets POSTGRES_SOCKETS. Data survive between runs; fsync stays on. It listens on a
# socket in a closed folder only: with trust authentication a TCP port would be open to every local user.
start_postgres() {
    local home data
    home="$(service_folder "$POSTGRES_NAME")"
    data="$home/data"
    POSTGRES_SOCKETS="$(socket_folder "$home")"
    stop_postgres
    if ! as_service test -s "$data/PG_VERSION"; then
        as_service "$POSTGRES_BIN/initdb" --pgdata="$data" --username=almanac_root --auth=trust --encoding=UTF8 \
            --locale=C >"$LOGS/initdb.log" 2>&1 || { cat "$LOGS/initdb.log" >&2; fail "initdb failed"; }
    elif [ "$(as_service cat "$data/PG_VERSION")" != "$(postgres_major)" ]; then
        fail "the data below $home are of PostgreSQL $(as_service cat "$data/PG_VERSION"); run: make clean"
    fi
    serve_as_service "$POSTGRES_BIN/postgres" -D "$data" -k "$POSTGRES_SOCKETS" -c listen_addresses= \
        -c max_connections=200 -c shared_buffers=256MB -c unix_socket_permissions=0700 \
        </dev/null >"$LOGS/$POSTGRES_NAME.log" 2>&1 &
    within 30 postgres_answers || { tail -n 30 "$LOGS/$POSTGRES_NAME.log" >&2; fail "Postgres did not start"; }
    # Another server on these sockets answers as well, and the caller may drop its databases.
    [ "$(admin_psql -d postgres -Atc 'SHOW data_directory')" = "$data" ] ||
        fail "another server listens in $POSTGRES_SOCKETS"
}

postgres_major() { "$POSTGRES_BIN/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'; }
postgres_answers() { admin_psql -d postgres -c 'SELECT 1'; }

# A unix socket's path may have 107 bytes; a deep checkout has more. Each instance has a folder of its own.
socket_folder() {
    local folder="$1/sockets"
    if [ "${#folder}" -gt 80 ]; then
        folder="/tmp/almanac-$(printf '%s' "$folder" | cksum | cut -d ' ' -f 1)"
    fi
    usable_by_service "$folder" || fail "cannot use $folder for sockets"
    printf '%s\n' "$folder"
}

# psql as administrator of the private instance (or of the server that DATABASE_URL names).
admin_psql() {
    if [ -n "${ADMIN_URL:-}" ]; then
        "${PSQL:-psql}" -X -q -v ON_ERROR_STOP=1 "$ADMIN_URL" "$@"
    else
        "$POSTGRES_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h "$POSTGRES_SOCKETS" -U almanac_root "$@"
    fi
}

# The URL of a role in a database of the private instance.
postgres_url() { printf 'postgres:///%s?host=%s&user=%s' "$2" "${POSTGRES_SOCKETS//\//%2F}" "$1"; }

# `make_database almanac`: the database, if it is not there, with the roles and the schema of deploy/roles.sql.
make_database() {
    if [ -z "$(admin_psql -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = '$1'")" ]; then
        admin_psql -d postgres -c "CREATE DATABASE $1"
    fi
    PGOPTIONS='-c client_min_messages=warning' admin_psql -d "$1" -f - <"$ROOT/deploy/roles.sql" >/dev/null
}

# The same after dropping the database that is there.
remake_database() {
    admin_psql -d postgres -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)"
    make_database "$1"
}

# SIGINT is the fast shutdown: sessions are ended, nothing is lost. SIGQUIT is the immediate one.
stop_postgres() {
    local file data pid
    data="$(service_folder "$POSTGRES_NAME")/data"
    file="$data/postmaster.pid"
    as_service test -e "$file" || return 0
    if alive "$file" "$data"; then
        pid="$(head -n 1 "$file")"
        kill -INT "$pid" 2>/dev/null || true
        within 20 gone "$pid" || { kill -QUIT "$pid" 2>/dev/null || true; within 10 gone "$pid" || true; }
    else
        as_service rm -f "$file"
    fi
}
