#!/usr/bin/env bash
# Proves that the bans on cores bite: in a copy of the tree, each core's code is replaced by some that reads a clock, asks a HashMap and
# opens a socket, and clippy must name all three in each; a shell that does the same must pass. Also that no core depends on a runtime.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly CORES=(base control sip-core media-core acd callback call calendar sim)
readonly SHELL_CRATE=config
readonly BANNED_DEPENDENCIES='^(tokio|mio|socket2|rustix|async-std|smol)$'
readonly TARGET="${CARGO_TARGET_DIR:-$PWD/target}/core-bans"

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

fail() {
    echo "core bans: $*" >&2
    exit 1
}

for core in "${CORES[@]}"; do
    cmp -s crates/base/clippy.toml "crates/$core/clippy.toml" || fail "crates/$core/clippy.toml: expected the same as crates/base/clippy.toml"
    found=$(cargo tree --quiet --locked -p "$core" -e normal --prefix none | awk '{print $1}' | grep -E "$BANNED_DEPENDENCIES" || true)
    [[ -z $found ]] || fail "crates/$core: expected no runtime, depends on: $found"
done

tar -c --exclude target --exclude .git --exclude .tools --exclude node_modules Cargo.toml Cargo.lock clippy.toml crates tests | tar -x -C "$copy"
for crate in "${CORES[@]}" "$SHELL_CRATE"; do
    cat >"$copy/crates/$crate/src/lib.rs" <<'RUST'
//! What clippy must not let pass.

/// What a core may not do.
pub fn what_a_core_may_not_do(seen: &std::collections::HashMap<u8, u8>) -> (std::time::Instant, usize) {
    let _socket = std::net::UdpSocket::bind("127.0.0.1:0");
    (std::time::Instant::now(), seen.len())
}
RUST
done

packages=()
for crate in "${CORES[@]}" "$SHELL_CRATE"; do
    packages+=(-p "$crate")
done
(cd "$copy" && CARGO_TARGET_DIR="$TARGET" cargo clippy --quiet --locked --message-format short "${packages[@]}" 2>&1) >"$copy/said" ||
    fail "expected the copy to compile, came: $(cat "$copy/said")"

for core in "${CORES[@]}"; do
    for banned in 'method `std::time::Instant::now`' 'type `std::collections::HashMap`' 'type `std::net::UdpSocket`'; do
        grep -qF "use of a disallowed $banned" <(grep "^crates/$core/src/lib.rs:" "$copy/said") ||
            fail "crates/$core: expected clippy to refuse $banned, it let it pass"
    done
done
if grep "^crates/$SHELL_CRATE/src/" "$copy/said" | grep -qF 'use of a disallowed'; then
    fail "crates/$SHELL_CRATE: expected no ban on a shell, clippy has one"
fi
echo "core bans: ${#CORES[@]} cores refused a clock, a HashMap and a socket"
