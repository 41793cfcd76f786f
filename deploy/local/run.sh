#!/usr/bin/env bash
# `make run`: provisions, builds, migrates, starts one API and one worker, shows one calendar being made, one post
# being published to the sandbox and one mail being rendered over real HTTP, and keeps serving until Ctrl-C. It stops everything that it started, and touches nothing else.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"; . "$here/toolchain.sh"; . "$here/postgres.sh"; . "$here/redis.sh"
. "$here/python.sh"; . "$here/node.sh"; . "$here/console.sh"
. "$here/docker.sh"; . "$here/services.sh"; . "$here/demo.sh"; . "$here/demo_publish.sh"; . "$here/demo_mail.sh"

BIN="${CARGO_TARGET_DIR:-$ROOT/target}/release"

main() {
    cd "$ROOT"
    umask 022
    mkdir -p "$RUN" "$LOGS"
    need_toolchain
    exec 9>"$LOCAL/lock"
    flock -n 9 || fail "make run is already running in this checkout"
    trap stop EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    say "building"
    SQLX_OFFLINE=true cargo build --release --locked -p almanac-api -p almanac-worker 9>&-
    provide_console
    say "starting Postgres and Redis"
    provide_postgres
    provide_redis
    say "migrating"
    migrate
    say "starting one API and one worker"
    start_processes
    demo
    demo_publish
    demo_mail
    if [ -n "${DEMO_ONLY:-}" ]; then
        [ -z "$DEMO_PROBLEM$PUBLISH_PROBLEM$MAIL_PROBLEM" ] || fail "the demo did not succeed"
        say "done"
        return 0
    fi
    invite
    watch_processes
}

# A private database that an earlier development version made is made again; one that was given is left as it is.
migrate() {
    local said
    said="$(run_migrate 2>&1)" && return 0
    case "$said" in
        *"earlier development version"*) [ -n "${STOP_POSTGRES:-}" ] || fail "$said" ;;
        *) fail "$said" ;;
    esac
    note "the private database was made by an earlier development version; making it again"
    remake_database "$DATABASE"
    run_migrate
}

run_migrate() { DATABASE_OWNER_URL="$OWNER_URL" LOG_FORMAT=text "$BIN/almanac-api" migrate; }

start_processes() {
    # The default port if it is free. A given API_ADDR is used as it is.
    API_ADDR="${API_ADDR:-$(free_address 8080)}"
    BASE="http://$API_ADDR"
    # A given METRICS_ADDR is the one of the API.
    METRICS_ADDR="${METRICS_ADDR:-$(free_address 9464)}"
    WORKER_METRICS_ADDR="$(free_address 9465)"
    AUTH_JWT_SECRET="${AUTH_JWT_SECRET:-$(kept_secret jwt.secret)}"
    # Off by default, where an operator switches them on; on here so that all works at once.
    export CALENDAR_SERVICE_ENABLED="${CALENDAR_SERVICE_ENABLED:-true}" PUBLISH_SERVICE_ENABLED="${PUBLISH_SERVICE_ENABLED:-true}"
    # Nothing leaves this machine unless the environment says so.
    export PUBLISH_TRANSPORT="${PUBLISH_TRANSPORT:-sandbox}" SANDBOX_DIR="${SANDBOX_DIR:-$LOCAL/sandbox}"
    CREDENTIALS_KEY="${CREDENTIALS_KEY:-$(kept_secret credentials.secret | head -c 32 | base64)}"
    export CREDENTIALS_KEY
    export MAIL_DIR="${MAIL_DIR:-$LOCAL/mail}" PUBLIC_URL="${PUBLIC_URL:-$BASE}"
    export SCHEDULER_TICK_SECONDS="${SCHEDULER_TICK_SECONDS:-2}"
    mkdir -p "$SANDBOX_DIR" "$MAIL_DIR"
    # One heap for all threads: less memory kept, and no time lost that could be measured.
    export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}"
    # The API never holds a provider's key, and the worker never a token's secret.
    start_process api "$BIN/almanac-api" env -u OPENROUTER_API_KEY -u RESEND_API_KEY -u SMTP_URL -u DATABASE_OWNER_URL \
        DATABASE_URL="$API_DATABASE_URL" \
        REDIS_URL="$REDIS_URL" API_ADDR="$API_ADDR" METRICS_ADDR="$METRICS_ADDR" AUTH_JWT_SECRET="$AUTH_JWT_SECRET"
    start_process worker "$BIN/almanac-worker" env -u AUTH_JWT_SECRET -u RESEND_WEBHOOK_SECRET -u DATABASE_OWNER_URL \
        DATABASE_URL="$WORKER_DATABASE_URL" REDIS_URL="$REDIS_URL" METRICS_ADDR="$WORKER_METRICS_ADDR"
    within 30 ready || { tail -n 30 "$LOGS/api.log" "$LOGS/worker.log" >&2; fail "the API did not become ready"; }
}

# A loopback address, with the given port if it is free.
free_address() {
    local port="$1"
    if port_taken "$port"; then port="$(free_port)"; fi
    printf '127.0.0.1:%s' "$port"
}

# `start_process api binary env…`: in a session of its own, its log beside the others.
start_process() {
    local name="$1" binary="$2"
    shift 2
    end_process "$RUN/$name.pid" "$binary" 25
    "$@" setsid "$binary" serve </dev/null >"$LOGS/$name.log" 2>&1 9>&- &
    printf '%s\n' "$!" >"$RUN/$name.pid"
}

ready() { curl --noproxy '*' -fsS -m 2 "$BASE/readyz"; }

# Sleeps until one of the two ends, which is a failure: together they are the product.
watch_processes() {
    while alive "$RUN/api.pid" "$BIN/almanac-api" && alive "$RUN/worker.pid" "$BIN/almanac-worker"; do
        # `wait` on a short sleep, so that a signal is served at once.
        sleep 1 &
        wait $! || true
    done
    tail -n 20 "$LOGS/api.log" "$LOGS/worker.log" >&2
    fail "a process has ended; logs are below $LOGS"
}

stop() {
    local result=$?
    trap '' INT TERM HUP
    trap - EXIT
    say "stopping"
    # Both drain at once; the worker may take SHUTDOWN_SECONDS.
    if alive "$RUN/worker.pid" "$BIN/almanac-worker"; then kill -TERM "$(cat "$RUN/worker.pid")" || true; fi
    end_process "$RUN/api.pid" "$BIN/almanac-api" 15
    end_process "$RUN/worker.pid" "$BIN/almanac-worker" 30
    stop_services || true
    exit "$result"
}

main "$@"
