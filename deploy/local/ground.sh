# Shared parts of all scripts: paths, messages, running as another user. Sourced, never run. It starts nothing and
# installs nothing.
# shellcheck shell=bash

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
LOCAL="$ROOT/.local"
RUN="$LOCAL/run"
LOGS="$LOCAL/log"

say() { if [ -t 2 ]; then printf '\033[1m== %s\033[0m\n' "$*" >&2; else printf '== %s\n' "$*" >&2; fi; }
note() { printf '   %s\n' "$*" >&2; }
fail() {
    printf '\nerror: %s\n' "$*" >&2
    exit 1
}

# Runs a command as root: directly, or through sudo. Fails where neither is possible.
# Without a terminal sudo must not wait for a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
    else
        return 1
    fi
}

can_be_root() {
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null 2>&1 || return 1
    [ -t 0 ] || sudo -n true 2>/dev/null
}

# The unprivileged user that servers run as. Postgres refuses root, and Redis should not have its rights either.
service_user() {
    if [ "$(id -u)" != 0 ]; then
        id -un
    elif id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# Runs a command as the service user, in a folder that it can enter.
as_service() {
    if [ "$(id -u)" != 0 ]; then
        "$@"
    elif setpriv --help 2>/dev/null | grep -q -- --reuid; then
        (cd / && exec setpriv --reuid="$(service_user)" --regid="$(id -g "$(service_user)")" --clear-groups -- "$@")
    else
        (cd / && exec runuser -u "$(service_user)" -- "$@")
    fi
}

# The same, in a session of its own and without our lock: a Ctrl-C in the terminal then reaches the script alone,
# which stops things in order.
serve_as_service() { as_service setsid "$@" 9>&-; }

# A folder of the service user for servers' data, as a path on stdout. Below .local where that user can get there;
# else (a checkout below /root, say) below /var/tmp, with the place written down so that `make clean` finds it.
service_folder() {
    local name="$1" folder="$LOCAL/$1" record="$LOCAL/$1.path"
    if [ -s "$record" ]; then
        folder="$(cat "$record")"
    fi
    mkdir -p "$LOCAL"
    if ! usable_by_service "$folder"; then
        folder="$(mktemp -d "/var/tmp/almanac-$name-XXXXXX")"
        usable_by_service "$folder" || fail "user $(service_user) can write neither below $LOCAL nor below /var/tmp"
        printf '%s\n' "$folder" >"$record"
    fi
    printf '%s\n' "$folder"
}

usable_by_service() {
    mkdir -p "$1" 2>/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then
        chown "$(service_user)" "$1" || return 1
    fi
    chmod 700 "$1" && as_service test -x "$1" -a -w "$1"
}

# A free loopback port, from below the range that outgoing connections take theirs from.
free_port() {
    local port tries
    for tries in $(seq 1 200); do
        port=$((20000 + (RANDOM * 32768 + RANDOM + tries) % 12000))
        if ! port_taken "$port"; then
            printf '%s\n' "$port"
            return 0
        fi
    done
    fail "found no free loopback port"
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# `within 30 command…`: tries until the command succeeds or the seconds are over.
within() {
    local seconds="$1" end
    shift
    end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# 32 random bytes as text without characters that a URL would have to escape.
secret() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

# A secret that stays the same for this checkout: made once, readable by its owner only.
kept_secret() {
    local file="$LOCAL/$1"
    mkdir -p "$LOCAL"
    [ -s "$file" ] || (umask 077 && secret >"$file")
    cat "$file"
}

# Whether the process in a pid file lives and is what we started: its command line names the given text.
# A pid alone proves nothing: after a reboot it may be anybody's.
alive() {
    local pid
    pid="$(head -n 1 "$1" 2>/dev/null)" || return 1
    [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$2"
}

# Ends the process of a pid file: SIGTERM, then SIGKILL after this number of seconds. A stale file is only removed.
end_process() {
    local file="$1" text="$2" seconds="$3" pid
    if alive "$file" "$text"; then
        pid="$(head -n 1 "$file")"
        kill -TERM "$pid" 2>/dev/null || true
        if ! within "$seconds" gone "$pid"; then
            kill -KILL "$pid" 2>/dev/null || true
            within 5 gone "$pid" || true
        fi
    fi
    rm -f "$file"
}

# A zombie has ended; its parent has only not looked yet.
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }
