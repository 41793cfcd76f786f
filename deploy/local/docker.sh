# Postgres and Redis from a running Docker engine, for `make run` where packages cannot be installed. Sourced.
# The containers carry this checkout's name, publish loopback ports only, and are removed at the end.
# shellcheck shell=bash

DOCKER_NAME="almanac-$(printf '%s' "$ROOT" | cksum | cut -d ' ' -f 1)"

docker_runs() { command -v docker >/dev/null 2>&1 && docker info >/dev/null 2>&1; }

# Sets ADMIN_URL, with psql run inside the container.
start_docker_postgres() {
    local password port
    password="$(kept_secret postgres.secret)"
    port="$(free_port)"
    docker rm -f "$DOCKER_NAME-postgres" >/dev/null 2>&1 || true
    docker run -d --name "$DOCKER_NAME-postgres" -e POSTGRES_PASSWORD="$password" -p "127.0.0.1:$port:5432" \
        postgres:16 >/dev/null || fail "could not start Postgres in Docker"
    ADMIN_URL="postgres://postgres:$password@127.0.0.1:$port/postgres"
    PSQL=docker_psql
    # The image starts a temporary server on its socket first, so ask over TCP.
    within 90 docker exec "$DOCKER_NAME-postgres" pg_isready -q -h 127.0.0.1 -U postgres || fail "Postgres in Docker did not start"
}

# Inside the container the server has its own port; the URL's database part is all that matters.
docker_psql() {
    local arguments=() argument
    for argument in "$@"; do
        case "$argument" in
            postgres://*) arguments+=(-U postgres "${argument##*/}") ;;
            *) arguments+=("$argument") ;;
        esac
    done
    docker exec -i "$DOCKER_NAME-postgres" psql "${arguments[@]}"
}

# Sets REDIS_URL.
start_docker_redis() {
    local password port
    password="$(kept_secret redis.secret)"
    port="$(free_port)"
    docker rm -f "$DOCKER_NAME-redis" >/dev/null 2>&1 || true
    docker run -d --name "$DOCKER_NAME-redis" -p "127.0.0.1:$port:6379" redis:7 \
        redis-server --requirepass "$password" --appendonly yes >/dev/null || fail "could not start Redis in Docker"
    REDIS_URL="redis://default:$password@127.0.0.1:$port"
    within 60 docker exec "$DOCKER_NAME-redis" redis-cli -a "$password" --no-auth-warning ping || fail "Redis in Docker did not start"
}

stop_docker() { docker rm -f "$DOCKER_NAME-postgres" "$DOCKER_NAME-redis" >/dev/null 2>&1 || true; }
