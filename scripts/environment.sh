# Copyright: (c) 2026, azureml.fleet contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Makes .cache/venv, the Python environment of the demonstration and the tests, unless it is there and current.
# usage: sh scripts/environment.sh            Python is $PYTHON, or the newest 3.11+ that is found
set -eu
cd "$(dirname "$0")/.."

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

python=$(find_python)
"$python" -c 'import venv, ensurepip' >/dev/null 2>&1 ||
    die "$python lacks the modules venv and ensurepip. Debian and Ubuntu: apt install python3-venv"

venv=.cache/venv
wanted=$({ "$python" -c 'import sys; print(sys.version, sys.base_prefix)'; pwd; cat requirements.txt tests/requirements.txt; } | cksum)
mkdir -p .cache/tree/ansible_collections/azureml
[ -L .cache/tree/ansible_collections/azureml/fleet ] || ln -s "$PWD" .cache/tree/ansible_collections/azureml/fleet

if [ -x "$venv/bin/python" ] && [ "$(cat "$venv/requirements.cksum" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
say "Making the Python environment in $venv with $("$python" --version) (once; about a minute) ..."
base=$("$python" -c 'import sys; print(sys.version, sys.base_prefix)')
if [ "$("$venv/bin/python" -c 'import sys; print(sys.version, sys.base_prefix)' 2>/dev/null)" != "$base" ]; then
    rm -rf "$venv"
    "$python" -m venv "$venv" || die "$python -m venv failed; see above."
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade pip uv ||
    die "pip could not install from the package index; see above. Behind a proxy, set PIP_INDEX_URL, HTTPS_PROXY or PIP_CERT."
# uv resolves and unpacks about five times as fast as pip; it is told what pip would find in its settings.
if ! UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 SSL_CERT_FILE="${PIP_CERT:-${SSL_CERT_FILE:-}}" \
    UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-https://pypi.org/simple}}" \
    "$venv/bin/uv" pip install --quiet --system-certs --python "$venv/bin/python" -r requirements.txt -r tests/requirements.txt; then
    say "uv could not; trying pip ..."
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt -r tests/requirements.txt ||
        die "the packages could not be installed; see above."
fi
printf '%s' "$wanted" >"$venv/requirements.cksum"
