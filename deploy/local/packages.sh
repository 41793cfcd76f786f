# Installs distribution packages without leaving a system service running. Sourced by the other scripts here.
# It never touches services that ran before, and never asks questions.
# shellcheck shell=bash

package_tool() {
    local tool
    for tool in apt-get dnf apk; do
        command -v "$tool" >/dev/null 2>&1 && { echo "$tool"; return 0; }
    done
    return 1
}

can_install() { package_tool >/dev/null && can_be_root; }

# `install_packages apt "a b" dnf "c" apk "d"`: the list for this machine's tool.
install_packages() {
    local tool list="" name
    tool="$(package_tool)" || return 1
    while [ $# -ge 2 ]; do
        name="$1"
        if [ "$tool" = "$name" ] || [ "$tool" = "$name-get" ]; then list="$2"; fi
        shift 2
    done
    [ -n "$list" ] && can_be_root || return 1
    note "installing $list"
    # shellcheck disable=SC2086 # a list of names
    case "$tool" in
        apt-get) apt_install $list ;;
        dnf) as_root dnf install -y -q $list >&2 ;;
        apk) as_root apk add --quiet $list >&2 ;;
    esac
}

# Debian starts a service as soon as its package is unpacked; policy-rc.d is the documented way to say no.
apt_install() {
    local policy=/usr/sbin/policy-rc.d ours=no result=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        ours=yes
    fi
    # A fresh image has no package lists, and old lists name versions that are gone.
    if [ -z "${ALMANAC_APT_UPDATED:-}" ]; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || true
        ALMANAC_APT_UPDATED=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" >&2 || result=$?
    if [ "$ours" = yes ]; then as_root rm -f "$policy"; fi
    return "$result"
}

# Keeps a service that came with our install from starting at the next boot. Call it only after installing.
leave_disabled() {
    local unit
    [ -d /run/systemd/system ] || return 0
    for unit in "$@"; do
        as_root systemctl disable --now "$unit" >/dev/null 2>&1 || true
    done
}
