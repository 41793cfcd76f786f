# Postgres and Redis for this checkout: given by URL, private instances, or Docker, in that order. Sourced by run.sh
# and sqlx.sh. It leaves everything that it did not start as it was.
# shellcheck shell=bash

DATABASE="${ALMANAC_DATABASE:-almanac}"

# Sets OWNER_URL, API_DATABASE_URL, WORKER_DATABASE_URL, with roles and schema in place.
provide_postgres() {
    if [ -n "${DATABASE_URL:-}" ]; then
        use_given_postgres
    elif need_postgres; then
        start_postgres
        STOP_POSTGRES=stop_postgres
        make_database "$DATABASE"
        OWNER_URL="$(postgres_url almanac_owner "$DATABASE")"
        API_DATABASE_URL="$(postgres_url almanac_api "$DATABASE")"
        WORKER_DATABASE_URL="$(postgres_url almanac_worker "$DATABASE")"
    elif docker_runs; then
        start_docker_postgres
        STOP_DOCKER=stop_docker
        use_roles_with_passwords
    else
        fail "PostgreSQL $POSTGRES_AT_LEAST or newer is missing and could not be installed; install it, start Docker, or set DATABASE_URL"
    fi
}

provide_redis() {
    if [ -n "${REDIS_URL:-}" ]; then
        note "using the Redis of REDIS_URL"
    elif need_redis; then
        start_redis
        STOP_REDIS=stop_redis
    elif docker_runs; then
        start_docker_redis
        STOP_DOCKER=stop_docker
    else
        fail "Redis $REDIS_AT_LEAST or newer is missing and could not be installed; install it, start Docker, or set REDIS_URL"
    fi
}

# DATABASE_URL must name a database of its own and a role that may create roles and a schema in it.
use_given_postgres() {
    ADMIN_URL="$DATABASE_URL"
    note "using the Postgres of DATABASE_URL"
    find_psql
    use_roles_with_passwords
}

# Sets PSQL. The client alone is enough here.
find_psql() {
    local folder
    PSQL=psql
    command -v psql >/dev/null 2>&1 && return 0
    if folder="$(find_postgres)"; then
        PSQL="$folder/psql"
    else
        install_packages apt postgresql-client dnf postgresql apk postgresql-client || fail "psql is missing"
    fi
}

# A server that is not ours asks for passwords: the three roles get the ones kept in .local.
use_roles_with_passwords() {
    PGOPTIONS='-c client_min_messages=warning' admin_psql -f - <"$ROOT/deploy/roles.sql" >/dev/null
    local role
    for role in almanac_owner almanac_api almanac_worker; do
        printf "ALTER ROLE %s PASSWORD '%s';\n" "$role" "$(kept_secret "$role.secret")"
    done | admin_psql -f - >/dev/null
    OWNER_URL="$(as_role almanac_owner)"
    API_DATABASE_URL="$(as_role almanac_api)"
    WORKER_DATABASE_URL="$(as_role almanac_worker)"
}

# ADMIN_URL with another user and that user's password.
as_role() {
    local rest="${ADMIN_URL#*://}"
    # An @ after the first slash belongs to the path or the parameters.
    case "${rest%%/*}" in *@*) rest="${rest#*@}" ;; esac
    printf 'postgres://%s:%s@%s' "$1" "$(kept_secret "$1.secret")" "$rest"
}

# Ends what provide_* started, the dependants having ended before.
stop_services() {
    ${STOP_REDIS:-true}
    ${STOP_POSTGRES:-true}
    ${STOP_DOCKER:-true}
}
