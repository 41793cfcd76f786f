#!/usr/bin/env bash
# `make clean`: ends what a killed `make run` left behind, and removes its data and the builds.
# It refuses while a `make run` of this checkout lives.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/postgres.sh"; . "$here/redis.sh"; . "$here/docker.sh"

cd "$ROOT"
if [ -d "$LOCAL" ]; then
    mkdir -p "$RUN" "$LOGS"
    exec 9>"$LOCAL/lock"
    flock -n 9 || fail "make run is running in this checkout; stop it first"
    for name in api worker; do end_process "$RUN/$name.pid" "release/almanac-$name" 25; done
    stop_redis
    for POSTGRES_NAME in postgres postgres-sqlx; do
        stop_postgres
        rm -rf "$(service_folder "$POSTGRES_NAME")"
    done
    rm -rf "$(service_folder redis)"
    if docker_runs; then stop_docker; fi
    rm -rf "$LOCAL"
fi
cargo clean
