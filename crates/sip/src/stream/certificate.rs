//! A certificate of ours with its key, from PEM files: read whole and judged before it takes the place of another. Phones
//! are shown it by TLS, and browsers by HTTPS.

use super::validity::{CertificateStanding, Validity};
use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that TLS can't be done with.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}; {mend}", .path.display())]
pub struct TlsError {
    path: PathBuf,
    problem: String,
    mend: &'static str,
}

/// Our certificate, those between it and its root, and its key.
#[derive(Clone)]
pub struct Certificate {
    path: PathBuf,
    pub(super) chain: Arc<[CertificateDer<'static>]>,
    pub(super) key: Arc<PrivateKeyDer<'static>>,
    server: Arc<ServerConfig>,
    validity: Option<Validity>,
}

impl Certificate {
    /// Reads and judges the files.
    pub fn read(certificate: &Path, key: &Path) -> Result<Certificate, TlsError> {
        let chain = certificates(certificate)?;
        let secret = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| unreadable(key, &error, "expected a PRIVATE KEY in PEM"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has the suites of every version")
            .with_no_client_auth()
            .with_single_cert(chain.clone(), secret.clone_key())
            .map_err(|error| unusable(certificate, key, &error))?;
        Ok(Certificate {
            path: certificate.to_owned(),
            validity: Validity::of(&chain[0]),
            chain: chain.into(),
            key: Arc::new(secret),
            server: Arc::new(server),
        })
    }

    /// How those who connect are met.
    pub fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }

    /// The same, for those who speak that protocol over it (ALPN, RFC 7301).
    pub fn server_of(&self, protocol: &[u8]) -> Arc<ServerConfig> {
        let mut server = ServerConfig::clone(&self.server);
        server.alpn_protocols = vec![protocol.to_owned()];
        Arc::new(server)
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When it ends, in seconds of Unix time; none where it doesn't say so that we can read it.
    pub fn ends(&self) -> Option<i64> {
        self.validity.map(|validity| validity.until)
    }

    /// How it stands at a moment in seconds of Unix time.
    pub fn standing(&self, at: i64) -> CertificateStanding {
        self.validity
            .map_or(CertificateStanding::Good, |validity| validity.standing(at))
    }

    /// Whether peers are shown the same.
    pub fn is_the_same_as(&self, other: &Certificate) -> bool {
        self.chain == other.chain
    }
}

/// The certificates of a file, of which there is one at least.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    const EXPECTED: &str = "expected a CERTIFICATE in PEM";
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| unreadable(path, &error, EXPECTED))?;
    if certificates.is_empty() {
        return Err(TlsError {
            path: path.to_owned(),
            problem: "holds no certificate".to_owned(),
            mend: EXPECTED,
        });
    }
    Ok(certificates)
}

pub(super) fn unusable(certificate: &Path, key: &Path, error: &rustls::Error) -> TlsError {
    TlsError {
        path: certificate.to_owned(),
        problem: format!("can't be used with {}: {error}", key.display()),
        mend: "name the key that belongs to the first certificate of the file",
    }
}

fn unreadable(path: &Path, error: &pem::Error, expected: &'static str) -> TlsError {
    TlsError {
        path: path.to_owned(),
        problem: format!("can't be read: {error}"),
        mend: expected,
    }
}
