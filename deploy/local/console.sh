# The console, built for `make run`. Sourced by run.sh after ground.sh, packages.sh, python.sh and node.sh.
# shellcheck shell=bash

# Sets CONSOLE_DIR, unless it is given. Without Node.js or a registry everything else works, so that is no failure.
provide_console() {
    [ -z "${CONSOLE_DIR:-}" ] || return 0
    say "building the console"
    if (build_console) 9>&-; then
        CONSOLE_DIR="$ROOT/web/console/dist"
    else
        CONSOLE_DIR=""
        note "the console could not be built, so it is not served"
    fi
    export CONSOLE_DIR
}

build_console() {
    need_node && install_npm_packages "$ROOT/web" && cd "$ROOT/web" &&
        npm run --silent build -w @almanac/client >&2 && npm run --silent build -w @almanac/console >&2
}
