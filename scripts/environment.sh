# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes the Python environments of this project from its lock files, each unless it is there and current.
# usage: sh scripts/environment.sh              .cache/venv, for everything, from tests/requirements.lock
#        sh scripts/environment.sh lowest       .cache/lowest, for the stage "lowest", from tests/requirements-lowest.lock
#        sh scripts/environment.sh azure-cli    .cache/azure-cli, for tests that ask it, from tests/requirements-azure-cli.lock
#        sh scripts/environment.sh lock [...]   the lock files anew from the requirements files; with --upgrade, or
#                                               --upgrade-package NAME, in newer versions
# Python is $PYTHON, or the newest 3.11+ that is found. Nothing is installed whose hash is not in a lock file.
set -eu
cd "$(dirname "$0")/.."
venv=.cache/venv

say() { printf '%s\n' "$*" >&2; }
die() { say "" "cannot make the environment: $*"; exit 1; }

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        suits "$PYTHON" || die "PYTHON=$PYTHON is not a Python 3.11 or newer."
        printf '%s' "$PYTHON"
        return
    fi
    for name in python3.13 python3.12 python3.11 python3.14 python3; do
        if command -v "$name" >/dev/null 2>&1 && suits "$name"; then
            printf '%s' "$name"
            return
        fi
    done
    die "no Python 3.11 or newer is on PATH. Install one (Debian, Ubuntu: apt install python3 python3-venv), or say where it is: make PYTHON=/path/to/python3.12 ..."
}

identity() { "$1" -c 'import sys; print(sys.version, sys.base_prefix)' 2>/dev/null; }

# uv is told what pip would find in its settings.
uv() {
    UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 SSL_CERT_FILE="${PIP_CERT:-${SSL_CERT_FILE:-}}" \
        UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-https://pypi.org/simple}}" \
        "$venv/bin/uv" --system-certs "$@"
}

pip_install() {
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$2"
}

# Installs uv itself, in the version and with the hashes of the lock file.
install_uv() {
    awk '/^[^ ]/ { wanted = /^uv==/ } wanted' tests/requirements.lock >.cache/uv.lock
    pip_install "$venv" .cache/uv.lock ||
        die "pip could not install from the package index; see above. Behind a proxy, set PIP_INDEX_URL, HTTPS_PROXY or PIP_CERT."
}

# usage: install DIRECTORY LOCK-FILE       uv installs about five times as fast as pip
install() {
    uv pip sync --quiet --require-hashes --python "$1/bin/python" "$2" && return
    say "uv could not; trying pip ..."
    pip_install "$1" "$2" || die "the packages of $2 could not be installed; see above."
}

# usage: make_environment DIRECTORY LOCK-FILE
make_environment() {
    wanted=$({ identity "$python"; pwd; cat "$2"; } | cksum)
    if [ -x "$1/bin/python" ] && [ "$(cat "$1/requirements.cksum" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    say "Making the Python environment in $1 with $("$python" --version) (once; about a minute) ..."
    if [ "$(identity "$1/bin/python")" != "$(identity "$python")" ]; then
        rm -rf "$1"
        "$python" -m venv "$1" || die "$python -m venv failed; see above."
    fi
    rm -f "$1/requirements.cksum"
    [ "$1" != "$venv" ] || install_uv
    install "$1" "$2"
    printf '%s' "$wanted" >"$1/requirements.cksum"
}

# usage: compile LOCK-FILE ARGUMENTS OF UV     for every platform and for Python 3.11 and newer
compile() {
    lock=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --output-file "$lock" "$@"
    {
        printf '# Made by "make lock" from the requirements files. Do not edit.\n'
        grep -v '^#' "$lock"
    } >.cache/new.lock
    mv .cache/new.lock "$lock"
}

# The stage "lowest" has the other stages' tools, and whatever version its direct requirements' lower bounds name today.
make_locks() {
    compile tests/requirements.lock "$@" requirements.txt tests/requirements.txt
    tools=$(grep -oE '^[a-z0-9-]+$' tests/requirements-lowest.txt | paste -sd '|' -)
    sed -nE "s/^(($tools)==.*[^ ]) *\\\\\$/\1/p" tests/requirements.lock >.cache/tools.txt
    compile tests/requirements-lowest.lock --resolution lowest-direct --constraints .cache/tools.txt "$@" \
        $(sed -nE 's/^([a-z0-9-]+)>=.*/--upgrade-package \1/p' requirements.txt tests/requirements-lowest.txt) \
        requirements.txt tests/requirements-lowest.txt
    compile tests/requirements-azure-cli.lock --prerelease allow "$@" tests/requirements-azure-cli.txt
}

python=$(find_python)
"$python" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
    die "$python lacks the modules venv and ensurepip. Debian and Ubuntu: apt install python3-venv"
mkdir -p .cache/tree/ansible_collections/azureml
[ -L .cache/tree/ansible_collections/azureml/fleet ] || ln -s "$PWD" .cache/tree/ansible_collections/azureml/fleet

case "${1:-}" in
lock)
    shift
    [ -x "$venv/bin/uv" ] || make_environment "$venv" tests/requirements.lock
    make_locks "$@"
    ;;
azure-cli) make_environment .cache/azure-cli tests/requirements-azure-cli.lock ;;
lowest)
    make_environment "$venv" tests/requirements.lock
    make_environment .cache/lowest tests/requirements-lowest.lock
    ;;
*) make_environment "$venv" tests/requirements.lock ;;
esac
