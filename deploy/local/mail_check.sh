#!/usr/bin/env bash
# Checks the rendered mails of tests/golden/synthesis/ against what mail clients support, as caniemail.com records it.
# Part of `make test`. The checker is pinned in tests/clients/mail/ and installed below .local.
set -euo pipefail
here="$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"; . "$here/packages.sh"; . "$here/python.sh"; . "$here/node.sh"

WORK="$LOCAL/clients/mail"

need_node
say "mails in Gmail, Outlook and Apple Mail"
mkdir -p "$WORK"
cp "$ROOT"/tests/clients/mail/* "$WORK/"
install_npm_packages "$WORK"
node "$WORK/check.js" "$ROOT"/tests/golden/synthesis/*.html || fail "a mail uses what a mail client does not support"
