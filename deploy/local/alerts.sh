#!/usr/bin/env bash
# Checks the alert rules in deploy/alerts/ and runs their tests with promtool. Part of `make test`; it starts no server.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"

main() {
    need_promtool || fail "promtool is missing and could not be installed. Install the package 'prometheus' (Debian, Ubuntu, Alpine) or 'golang-github-prometheus' (Fedora)."
    cd "$ROOT/deploy/alerts"
    say "alert rules"
    promtool check rules --lint-fatal almanac.yml >&2
    promtool test rules almanac_test.yml >&2
}

# The server comes with it, and is neither started nor left enabled.
need_promtool() {
    command -v promtool >/dev/null 2>&1 && return 0
    say "installing promtool"
    install_packages apt "prometheus" dnf "golang-github-prometheus" apk "prometheus" || return 1
    leave_disabled prometheus
    command -v promtool >/dev/null 2>&1
}

main
