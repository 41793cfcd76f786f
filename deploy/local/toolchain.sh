# Makes sure there is what a build needs: curl, git, a C compiler, cargo. Sourced by the other scripts here.
# It upgrades nothing that is there and new enough.
# shellcheck shell=bash

need_toolchain() {
    command -v curl >/dev/null 2>&1 || install_packages apt "curl ca-certificates" dnf "curl" apk "curl ca-certificates" ||
        fail "curl is missing and could not be installed"
    command -v git >/dev/null 2>&1 || install_packages apt "git" dnf "git" apk "git" || note "git is missing; fine for running"
    command -v cc >/dev/null 2>&1 || install_packages apt "build-essential" dnf "gcc make glibc-devel" apk "build-base" ||
        fail "a C compiler (cc) is missing and could not be installed"
    command -v setsid >/dev/null 2>&1 && command -v flock >/dev/null 2>&1 ||
        install_packages apt "util-linux" dnf "util-linux" apk "util-linux flock setpriv runuser" || fail "util-linux is missing"
    need_cargo
}

# The toolchain's own folder wins over a distribution's cargo, which is usually too old.
need_cargo() {
    local wanted
    wanted="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml")"
    if [ -d "${CARGO_HOME:-$HOME/.cargo}/bin" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
        export PATH
    fi
    if cargo_is_at_least "$wanted"; then return 0; fi
    if command -v rustup >/dev/null 2>&1; then
        say "updating Rust to $wanted or newer"
        rustup update stable --no-self-update >&2 && rustup default stable >&2 || true
    else
        say "installing Rust (https://rustup.rs) for user $(id -un)"
        curl --proto '=https' --tlsv1.2 -sSf --retry 3 https://sh.rustup.rs |
            sh -s -- -y -q --profile minimal --component rustfmt --component clippy >&2 ||
            fail "cargo $wanted or newer is missing, and rustup could not be installed: see https://rustup.rs"
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
        export PATH
    fi
    cargo_is_at_least "$wanted" || fail "cargo $wanted or newer is needed; found: $(cargo --version 2>/dev/null || echo none)"
}

cargo_is_at_least() {
    local found
    found="$(cargo --version 2>/dev/null | awk '{print $2}')" && [ -n "$found" ] &&
        [ "$(printf '%s\n%s\n' "$1" "$found" | sort -V | head -n 1)" = "$1" ]
}

# Only `make check` and .ci/run need these two.
need_lint_tools() {
    cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1 && return 0
    rustup component add rustfmt clippy >&2 || fail "cargo fmt and cargo clippy are missing"
}

# Only `make mutants` needs this one. Another version makes other mutants, and the list of equivalent ones would not fit.
MUTANTS_VERSION=27.1.0
need_mutants() {
    [ "$(cargo mutants --version 2>/dev/null)" = "cargo-mutants $MUTANTS_VERSION" ] && return 0
    say "installing cargo-mutants $MUTANTS_VERSION"
    cargo install cargo-mutants --version "$MUTANTS_VERSION" --locked --quiet ||
        fail "cargo-mutants $MUTANTS_VERSION is missing and could not be installed"
}
