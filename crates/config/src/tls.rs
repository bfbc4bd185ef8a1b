//! `[tls]` of `kolapp.toml`: files of the certificate that we show, and of those that we believe. What is in
//! them is read by whoever uses it.

use crate::section::{Context, Section};
use crate::server::path_in;
use std::path::PathBuf;

/// Files of TLS, all in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// Our certificate and those between it and its root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Roots that we believe where we connect; the system's if none is named.
    pub ca: Option<PathBuf>,
}

pub(crate) fn read(
    top: &mut Section<'_>,
    file: usize,
    context: &mut Context<'_>,
) -> Option<TlsSettings> {
    let sources = context.sources;
    let path = || path_in(file, sources);
    let mut tls = top.section("tls", "[tls]", context)?;
    let certificate = tls.require(
        "certificate",
        "name its file: certificate = \"fullchain.pem\"",
        path(),
        context,
    );
    let key = tls.require(
        "key",
        "name its file: key = \"privkey.pem\"",
        path(),
        context,
    );
    let ca = tls.take("ca", path(), context);
    tls.finish(context);
    Some(TlsSettings {
        certificate: certificate?.value,
        key: key?.value,
        ca: ca.map(|at| at.value),
    })
}
