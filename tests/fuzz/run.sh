#!/bin/sh
# Runs every fuzz target for SECONDS (default 60), with the stable compiler: coverage counters come from LLVM's own
# pass, libFuzzer from libfuzzer-sys, built by the C++ compiler. cargo-fuzz and a nightly compiler aren't needed,
# though `cargo fuzz run TARGET` works too where they are.
#
#   tests/fuzz/run.sh [SECONDS] [TARGET...]
#
# Finds grow in corpus/TARGET; what breaks a target is kept in artifacts/TARGET, and fails this script.
set -eu
cd "$(dirname "$0")"
seconds=${1:-60}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- $(sed -n 's|^path = "fuzz_targets/\(.*\)\.rs"|\1|p' Cargo.toml)

host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
# With a target named, build scripts and macros are compiled without the counters.
cargo build --release --target "$host"
built=${CARGO_TARGET_DIR:-target}/$host/release

# No input takes longer than some milliseconds; the limit is for a machine that is busy with other things as well.
for target; do
    mkdir -p "corpus/$target" "artifacts/$target"
    echo "== $target: $seconds s"
    "$built/$target" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -verbosity=0 -print_funcs=0 -dict=sip.dict -artifact_prefix="artifacts/$target/" "corpus/$target" "seeds/$target"
done
