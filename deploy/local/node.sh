# Makes sure there is Node.js, and installs locked npm packages below .local. Sourced by the scripts that check with them.
# shellcheck shell=bash

need_node() {
    node_is_new_enough && command -v npm >/dev/null 2>&1 && return 0
    install_packages apt "nodejs npm" dnf "nodejs nodejs-npm" apk "nodejs npm" && node_is_new_enough ||
        fail "Node.js 18 or newer with npm is missing and could not be installed. Install the packages 'nodejs' and 'npm'."
}

node_is_new_enough() { node -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)' 2>/dev/null; }

# Installs what the folder's lock file names, unless it is there. A second run needs no network.
install_npm_packages() {
    is_installed "$1" "$1/package-lock.json" && return 0
    (cd "$1" && npm ci --no-audit --no-fund --loglevel=error >&2) || fail "npm could not install the packages of $1"
    remember "$1" "$1/package-lock.json"
}

# Whether the folder holds what this lock file names.
is_installed() { [ "$(cat "$1/installed" 2>/dev/null)" = "$(sha256sum <"$2")" ]; }

remember() { sha256sum <"$2" >"$1/installed"; }
