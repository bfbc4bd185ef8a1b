//! `[tls]` of `kolapp.toml`: files of the certificate that we show, and of those that we believe. What is in
//! them is read by whoever uses it.

use crate::section::{Context, Section};
use crate::settings::{server_file, tls};
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

pub(crate) fn read(top: &mut Section<'_>, context: &mut Context<'_>) -> Option<TlsSettings> {
    let mut section = top.headed(&server_file::TLS, context)?;
    for needed in [&tls::CERTIFICATE, &tls::KEY] {
        if !section.has(needed) {
            section.tell_absent(needed, needed.otherwise.0, context);
        }
    }
    let certificate = section.path(&tls::CERTIFICATE, context);
    let key = section.path(&tls::KEY, context);
    let ca = section.path(&tls::CA, context);
    section.finish(context);
    Some(TlsSettings {
        certificate: certificate?.value,
        key: key?.value,
        ca: ca.map(|at| at.value),
    })
}
