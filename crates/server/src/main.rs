//! The binary `kolapp`. All it does is in the library beside it.

fn main() -> std::process::ExitCode {
    server::main()
}
