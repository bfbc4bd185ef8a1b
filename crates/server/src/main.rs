//! The binary `kolapp`. All it does is in the library beside it.

/// A message is a few dozen small values that live for microseconds: with the system's allocator a quarter of
/// a call's cost was theirs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    server::main()
}
