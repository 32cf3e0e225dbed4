# shellcheck shell=bash
# Sourced by the scripts beside it: the checkout's own .venv with assocsh in it, made when missing,
# installed again only when pyproject.toml changed. After `prepare_environment`, $ROOT is the
# checkout and $PYTHON the interpreter of .venv.

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
PYTHON=$VENV/bin/python

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $1"
    [ $# -lt 2 ] || say "       $2"
    exit 1
}

# The newest Python on the PATH that is new enough.
find_python() {
    local name
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$name"
            return
        fi
    done
    fail "assocsh needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none)" \
        "Install one (Debian 12, Ubuntu 24.04 and macOS with Homebrew have it) and run this again."
}

prepare_environment() {
    if [ ! -x "$PYTHON" ]; then
        local python
        python=$(find_python)
        "$python" -c 'import venv, ensurepip' 2>/dev/null ||
            fail "$python has no venv module" "On Debian and Ubuntu: apt install python3-venv"
        say "Making .venv with $("$python" --version) ..."
        "$python" -m venv "$VENV"
    fi
    local stamp=$VENV/.assocsh-installed wanted
    wanted="$ROOT $(cksum <"$ROOT/pyproject.toml")"
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        say "Installing assocsh and what its tests need into .venv ..."
        "$PYTHON" -m pip install -qq --disable-pip-version-check --editable "${ROOT}[test]"
        printf '%s\n' "$wanted" >"$stamp"
    fi
}
