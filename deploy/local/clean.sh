#!/usr/bin/env bash
# `make clean`: ends what a killed `make run` left behind, and removes its data and the builds.
# It refuses while a `make run` or browser tests of this checkout run.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/postgres.sh"; . "$here/redis.sh"; . "$here/docker.sh"

# What a killed run of the browser tests left behind: servers of their own, below a folder of their own.
clean_browser_tests() (
    LOCAL="$LOCAL/web" RUN="$LOCAL/run" POSTGRES_NAME=postgres
    [ -d "$RUN" ] || exit 0
    for name in api worker; do end_process "$RUN/$name.pid" "debug/almanac-$name" 25; done
    end_process "$RUN/example.pid" next 5
    stop_redis
    stop_postgres
    rm -rf "$(service_folder redis)" "$(service_folder postgres)"
)

cd "$ROOT"
if [ -d "$LOCAL" ]; then
    mkdir -p "$RUN" "$LOGS"
    exec 9>"$LOCAL/lock"
    flock -n 9 || fail "make run is running in this checkout; stop it first"
    mkdir -p "$LOCAL/web"
    exec 8>"$LOCAL/web/lock"
    flock -n 8 || fail "browser tests are running in this checkout; stop them first"
    for name in api worker; do end_process "$RUN/$name.pid" "release/almanac-$name" 25; done
    stop_redis
    for POSTGRES_NAME in postgres postgres-sqlx; do
        stop_postgres
        rm -rf "$(service_folder "$POSTGRES_NAME")"
    done
    rm -rf "$(service_folder redis)"
    clean_browser_tests
    if docker_runs; then stop_docker; fi
    rm -rf "$LOCAL"
fi
cargo clean
