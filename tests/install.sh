#!/usr/bin/env bash
# Installs what this machine lacks: for `make test`, or with the argument `prompts` for `make prompts`. Looks first; asks for nothing;
# says what to run where it may not install.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TOOLS="$PWD/.tools"
readonly NEXTEST_VERSION=0.9.143
readonly DENY_VERSION=0.20.2
readonly SCHEMATHESIS_VERSION=4.32.5
export PATH="$TOOLS/bin:$PATH"

readonly WHAT="${1:-test}"

# program:Debian package that has it
case "$WHAT" in
    test) PROGRAMS=(sipp:sip-tester baresip:baresip-core sox:sox python3:python3 chromium:chromium node:nodejs npm:npm) ;;
    prompts) PROGRAMS=(espeak-ng:espeak-ng flite:flite sox:sox python3:python3) ;;
    *) echo "install.sh: expected test or prompts, came $WHAT" >&2; exit 2 ;;
esac

missing_packages() {
    local entry
    for entry in "${PROGRAMS[@]}"; do
        command -v "${entry%%:*}" >/dev/null || echo "${entry##*:}"
    done
    # Debian keeps PostgreSQL's programs off the path.
    if [[ $WHAT == test ]] && ! command -v initdb >/dev/null && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then
        echo postgresql
    fi
    # The venv module is there in name without its package; what it lacks is ensurepip.
    if [[ $WHAT == test ]] && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        echo python3-venv
    fi
}

install_packages() {
    local -a packages as_root=()
    mapfile -t packages < <(missing_packages | sort -u)
    [[ ${#packages[@]} -gt 0 ]] || return 0
    if [[ $(id -u) -ne 0 ]]; then
        as_root=(sudo -n)
    fi
    if ! command -v apt-get >/dev/null || { [[ $(id -u) -ne 0 ]] && ! sudo -n true 2>/dev/null; }; then
        echo "The tests need programs that aren't here. On Debian, as root: apt-get install ${packages[*]}" >&2
        exit 1
    fi
    echo "installing: ${packages[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    if [[ " ${packages[*]} " == *" postgresql "* ]]; then
        # Debian's package begins a cluster and starts a server of its own; the tests start theirs themselves.
        "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
        echo 'create_main_cluster = false' | "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/kolapp.conf >/dev/null
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
}

install_cargo_tools() {
    if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
        rustup component add rustfmt clippy
    fi
    # Built apart from the workspace's target folder, so that neither rebuilds for the other.
    if ! cargo nextest --version >/dev/null 2>&1; then
        env -u CARGO_TARGET_DIR cargo install --locked --root "$TOOLS" --version "$NEXTEST_VERSION" cargo-nextest
    fi
    if ! cargo deny --version >/dev/null 2>&1; then
        env -u CARGO_TARGET_DIR cargo install --locked --root "$TOOLS" --version "$DENY_VERSION" cargo-deny
    fi
}

# pjsua2, a phone that a Python script drives. Its wheels are made for some releases of Python only: where there is none, the tests that
# use it say so, and baresip and SIPp do the rest.
install_pjsua2() {
    [[ -x "$TOOLS/venv/bin/python" ]] || python3 -m venv "$TOOLS/venv"
    "$TOOLS/venv/bin/python" -c 'import pjsua2' 2>/dev/null && return 0
    "$TOOLS/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: pjsua2-python ||
        echo "pjsua2 has no wheel for $(python3 --version): its tests are left out" >&2
}

# What tries the HTTP API by its own document.
install_schemathesis() {
    [[ -x "$TOOLS/venv/bin/python" ]] || python3 -m venv "$TOOLS/venv"
    [[ -x "$TOOLS/venv/bin/schemathesis" ]] && return 0
    "$TOOLS/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: "schemathesis==$SCHEMATHESIS_VERSION"
}

# JsSIP, and what drives a browser and judges what is shown in it; the browser itself is Debian's.
install_browser_tests() {
    local folder
    for folder in tests/browser tests/pages; do
        if [[ ! -e $folder/node_modules/.package-lock.json || $folder/package-lock.json -nt $folder/node_modules/.package-lock.json ]]; then
            npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error
        fi
    done
}

install_packages
if [[ $WHAT == test ]]; then
    install_cargo_tools
    install_pjsua2
    install_schemathesis
    install_browser_tests
fi
