#!/usr/bin/env bash
# Generates a TypeScript and a Python client from api/openapi.yaml and compiles programs that use them. Part of `make test`.
# The generators are pinned in tests/clients/ and installed below .local; a second run needs no network.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"; . "$here/python.sh"; . "$here/node.sh"

SOURCES="$ROOT/tests/clients"
WORK="$LOCAL/clients"

main() {
    need_node
    need_python || fail "Python 3.10 or newer with venv is missing and could not be installed. Install the packages 'python3' and 'python3-venv' (Debian, Ubuntu)."
    mkdir -p "$WORK"
    say "a TypeScript client of api/openapi.yaml"
    typescript_client
    say "a Python client of api/openapi.yaml"
    python_client
}

typescript_client() {
    local folder="$WORK/typescript"
    mkdir -p "$folder/generated"
    cp "$SOURCES"/typescript/* "$folder/"
    install_npm_packages "$folder"
    (cd "$folder" && node_modules/.bin/openapi-typescript "$ROOT/api/openapi.yaml" -o generated/almanac.d.ts >&2 &&
        node_modules/.bin/tsc --noEmit -p .) || fail "the TypeScript client does not compile"
}

python_client() {
    local folder="$WORK/python"
    mkdir -p "$folder"
    if ! is_installed "$folder" "$SOURCES/python/requirements.txt"; then
        rm -rf "$folder/venv"
        python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install -q --disable-pip-version-check --no-deps \
            -r "$SOURCES/python/requirements.txt" >&2 || fail "pip could not install the Python generator"
        remember "$folder" "$SOURCES/python/requirements.txt"
    fi
    rm -rf "$folder/almanac_client"
    # The generator formats its output with ruff, which stands beside it. A part that it cannot generate is a warning.
    PATH="$folder/venv/bin:$PATH" openapi-python-client generate --path "$ROOT/api/openapi.yaml" --meta none \
        --config "$SOURCES/python/config.yaml" --output-path "$folder/almanac_client" --fail-on-warning >&2 || fail "the Python client was not generated"
    "$folder/venv/bin/python" -m compileall -q "$folder/almanac_client" &&
        PYTHONPATH="$folder" "$folder/venv/bin/python" "$SOURCES/python/usage.py" || fail "the Python client does not work"
}

main
