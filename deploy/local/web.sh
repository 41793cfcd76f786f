#!/usr/bin/env bash
# Checks, builds and tests what is below web/, at the end in a browser with the real programs behind it. Part of `make test`;
# `make test T=web` runs it alone. `web.sh --check` does what needs no server and no browser, for .ci/run.
# It expects the programs that `make test` has built, and ends everything that it starts.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"; . "$here/python.sh"; . "$here/node.sh"; . "$here/postgres.sh"; . "$here/redis.sh"

WEB="$ROOT/web"
BIN="${CARGO_TARGET_DIR:-$ROOT/target}/debug"
export NEXT_TELEMETRY_DISABLED=1

main() {
    need_node
    install_npm_packages "$WEB"
    cd "$WEB"
    if [ "${1:-}" = --check ]; then
        say "web: build of the packages"
        npm_run build:packages
        check
    else
        say "web: build"
        npm_run build
        check
        say "web: unit tests"
        npm_run test
        browser_tests
    fi
}

check() {
    say "web: engines, generated files, format, lint, types"
    npm_run engines
    npm_run generate:check
    npm_run format
    # The two long ones side by side, each on a core.
    local failed=""
    npm_run lint &
    (npm_run types) || failed=yes
    wait $! && [ -z "$failed" ] || exit 1
}

npm_run() { npm run --silent "$@" || fail "npm run $1 failed in web/"; }

browser_tests() {
    need_chromium
    need_postgres || fail "PostgreSQL $POSTGRES_AT_LEAST or newer is missing and could not be installed"
    need_redis || fail "Redis $REDIS_AT_LEAST or newer is missing and could not be installed"
    [ -x "$BIN/almanac-api" ] && [ -x "$BIN/almanac-worker" ] || fail "the programs are not built; run: make test T=web"
    # Servers and secrets of their own, so that a `make run` in this checkout is left alone.
    LOCAL="$ROOT/.local/web" RUN="$ROOT/.local/web/run" LOGS="$ROOT/.local/web/log"
    mkdir -p "$RUN" "$LOGS"
    exec 9>"$LOCAL/lock"
    flock -n 9 || fail "browser tests are already running in this checkout"
    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    say "web: Postgres and Redis for the browser tests"
    start_postgres
    PGOPTIONS='-c client_min_messages=warning' remake_database almanac
    start_redis
    say "web: browser tests ($("$CHROMIUM" --version 2>/dev/null))"
    E2E_CHROMIUM="$CHROMIUM" E2E_PROGRAMS="$BIN" E2E_FOLDER="$LOCAL" E2E_REDIS_URL="$REDIS_URL" \
        E2E_OWNER_DATABASE_URL="$(postgres_url almanac_owner almanac)" \
        E2E_API_DATABASE_URL="$(postgres_url almanac_api almanac)" \
        E2E_WORKER_DATABASE_URL="$(postgres_url almanac_worker almanac)" \
        npm_run test -w almanac-web-e2e 9>&-
}

# Sets CHROMIUM.
need_chromium() {
    find_chromium && return 0
    install_packages apt "chromium" dnf "chromium" apk "chromium" && find_chromium ||
        fail "Chromium is missing and could not be installed. Install the package 'chromium'."
}

find_chromium() { CHROMIUM="$(command -v chromium || command -v chromium-browser || command -v google-chrome)"; }

# The tests end what they start; this is for tests that were interrupted.
stop() {
    local result=$?
    trap '' INT TERM HUP
    trap - EXIT
    end_process "$RUN/example.pid" next 5
    end_process "$RUN/example-legacy.pid" next 5
    end_process "$RUN/worker.pid" "$BIN/almanac-worker" 30
    end_process "$RUN/api.pid" "$BIN/almanac-api" 15
    stop_redis || true
    stop_postgres || true
    exit "$result"
}

main "$@"
