# Finds or installs libfaketime, which gives a program under test a wrong clock. Sourced by tools.sh.
# shellcheck shell=bash

find_faketime() {
    local path
    for path in ${TEST_FAKETIME:-} /usr/lib/*/faketime/libfaketimeMT.so.1 /usr/lib*/faketime/libfaketimeMT.so.1; do
        [ -f "$path" ] && { printf '%s\n' "$path"; return 0; }
    done
    return 1
}

# Sets FAKETIME_LIBRARY: found or installed.
need_faketime() {
    FAKETIME_LIBRARY="$(find_faketime)" && return 0
    say "installing libfaketime"
    install_packages apt "libfaketime" dnf "libfaketime" apk "libfaketime" && FAKETIME_LIBRARY="$(find_faketime)"
}
