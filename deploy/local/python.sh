# Makes sure there is Python with venv. Sourced by the scripts that install with pip.
# shellcheck shell=bash

need_python() {
    python_is_new_enough && return 0
    install_packages apt "python3 python3-venv" dnf "python3" apk "python3" && python_is_new_enough
}

# Debian's python3 has venv as a package of its own, and without it no ensurepip.
python_is_new_enough() { python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }
