//! Builds this room anew when the pages were: what is embedded is named by no source. Where they are read as it runs, there is
//! no need.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed=ui/dist");
    }
}
