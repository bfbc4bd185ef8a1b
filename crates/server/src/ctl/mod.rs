//! `kolapp ctl`: the protocol, the server's end of the control socket, the command line's end, and tables.

pub(crate) mod callbacks;
pub(crate) mod client;
mod figures;
mod licences;
pub(crate) mod listener;
pub(crate) mod protocol;
pub(crate) mod tables;
