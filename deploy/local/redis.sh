# Finds or installs Redis, and runs a private instance of it below .local. Sourced by the other scripts here.
# It never uses, stops or configures an instance that it did not start.
# shellcheck shell=bash

REDIS_AT_LEAST=7
REDIS_SOURCE="https://download.redis.io/releases/redis-7.2.7.tar.gz"

# Prints the path of a server that is new enough; Valkey uses the same protocol.
find_redis() {
    local name path version
    for name in ${TEST_REDIS_SERVER:-} redis-server valkey-server /usr/bin/redis-server "$LOCAL/redis-build/redis-server"; do
        path="$(command -v "$name" 2>/dev/null)" || continue
        version="$("$path" --version 2>/dev/null | sed 's/.*v=\([0-9]*\).*/\1/')"
        if [ "${version:-0}" -ge "$REDIS_AT_LEAST" ] 2>/dev/null; then
            printf '%s\n' "$path"
            return 0
        fi
    done
    return 1
}

# Sets REDIS_SERVER: found, installed, or built from the project's release where the distribution's is too old.
need_redis() {
    REDIS_SERVER="$(find_redis)" && return 0
    say "installing Redis"
    if install_packages apt "redis-server" dnf "redis" apk "redis" || install_packages apt "valkey-server" dnf "valkey" apk "valkey"; then
        leave_disabled redis-server redis valkey valkey-server
        REDIS_SERVER="$(find_redis)" && return 0
    fi
    build_redis && REDIS_SERVER="$(find_redis)"
}

build_redis() {
    local work
    note "the distribution has no Redis $REDIS_AT_LEAST; building $REDIS_SOURCE"
    work="$(mktemp -d)"
    curl --proto '=https' -fsSL --retry 3 "$REDIS_SOURCE" | tar -xz -C "$work" --strip-components=1 &&
        make -C "$work/src" -s MALLOC=libc redis-server >"$work/build.log" 2>&1 &&
        mkdir -p "$LOCAL/redis-build" && cp "$work/src/redis-server" "$LOCAL/redis-build/redis-server"
    local result=$?
    rm -rf "$work"
    return "$result"
}

# Starts the private instance and sets REDIS_URL. A password, because a Redis without one gives every local user
# the rights of the user it runs as.
start_redis() {
    local home password
    home="$(service_folder redis)"
    password="$(kept_secret redis.secret)"
    stop_redis
    REDIS_PORT="$(free_port)"
    # The configuration comes on stdin, so the password stands in no process list.
    printf '%s\n' "bind 127.0.0.1" "port $REDIS_PORT" "dir $home" "pidfile $home/redis.pid" "requirepass $password" \
        "appendonly yes" "appendfsync everysec" 'save ""' "daemonize no" |
        serve_as_service "$REDIS_SERVER" - >"$LOGS/redis.log" 2>&1 &
    printf '%s\n' "$REDIS_PORT" >"$RUN/redis.port"
    REDIS_URL="redis://default:$password@127.0.0.1:$REDIS_PORT"
    within 20 redis_answers || { tail -n 20 "$LOGS/redis.log" >&2; fail "Redis did not start"; }
}

# Implements the protocol in bash: redis-cli is a separate package on some distributions.
redis_answers() {
    local line
    exec 3<>"/dev/tcp/127.0.0.1/$REDIS_PORT" || return 1
    printf 'AUTH %s\r\nPING\r\n' "$(kept_secret redis.secret)" >&3
    read -r -t 2 line <&3 && read -r -t 2 line <&3
    exec 3>&-
    [ "${line%$'\r'}" = "+PONG" ]
}

# The server's process title names its address, so a reused pid is not mistaken for it.
stop_redis() {
    local home
    home="$(service_folder redis)"
    end_process "$home/redis.pid" "127.0.0.1:$(cat "$RUN/redis.port" 2>/dev/null || echo none)" 10
}
