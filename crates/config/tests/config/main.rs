//! The configuration from the outside: folders of files in, settings or errors out.

mod common;
mod demo;
mod documented;
mod errors;
mod mangled;
mod reload;
