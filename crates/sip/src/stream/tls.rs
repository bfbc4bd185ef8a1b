//! TLS: our certificate and key, and whose certificates we believe, from PEM files. They are read whole and
//! judged before they take the place of those in force; connections that are up keep what they began with.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use sip_core::{HeaderName, Host, Limits, Message, NameAddr, Request, Response, parse_datagram};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Where systems keep the certificates that they trust; the first that is there is taken. Debian's and its
/// kin's, then Red Hat's.
const SYSTEM_TRUST: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];

/// Files of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate, and those between it and its root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Roots of the certificates that we believe where we connect; the system's if none is named.
    pub ca: Option<PathBuf>,
}

/// A file that TLS can't be done with.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}; {mend}", .path.display())]
pub struct TlsError {
    path: PathBuf,
    problem: String,
    mend: &'static str,
}

/// What TLS is done with.
#[derive(Clone)]
pub struct TlsIdentity {
    chain: Arc<[CertificateDer<'static>]>,
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
}

impl TlsIdentity {
    /// Reads and judges the files.
    pub fn read(files: &TlsFiles) -> Result<TlsIdentity, TlsError> {
        let chain = certificates(&files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|error| unreadable(&files.key, &error, "expected a PRIVATE KEY in PEM"))?;
        let roots = roots(files.ca.as_deref())?;
        let shown = chain.clone().into();
        let refused = |error: rustls::Error| TlsError {
            path: files.certificate.clone(),
            problem: format!("can't be used with {}: {error}", files.key.display()),
            mend: "name the key that belongs to the first certificate of the file",
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let versions = "ring has the suites of every version";
        let server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect(versions)
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(refused)?;
        // A trunk may ask for our certificate too.
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect(versions)
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(refused)?;
        Ok(TlsIdentity {
            chain: shown,
            server: Arc::new(server),
            client: Arc::new(client),
        })
    }

    /// Whether peers are shown the same certificate.
    pub fn shows_the_same_as(&self, other: &TlsIdentity) -> bool {
        self.chain == other.chain
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
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

fn roots(ca: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let path = match ca {
        Some(path) => Some(path),
        None => SYSTEM_TRUST
            .iter()
            .map(Path::new)
            .find(|path| path.exists()),
    };
    if let Some(path) = path {
        // Old roots among the system's that can't be read are not those of anybody we meet.
        roots.add_parsable_certificates(certificates(path)?);
    }
    Ok(roots)
}

fn unreadable(
    path: &Path,
    error: &rustls::pki_types::pem::Error,
    expected: &'static str,
) -> TlsError {
    TlsError {
        path: path.to_owned(),
        problem: format!("can't be read: {error}"),
        mend: expected,
    }
}

/// What TLS is done with now; shared by the tasks that use it and whoever reads the files anew.
#[derive(Clone, Default)]
pub struct Tls(Arc<RwLock<Option<TlsIdentity>>>);

impl Tls {
    /// For connections from now on; gives back what was in force.
    pub fn replace(&self, identity: Option<TlsIdentity>) -> Option<TlsIdentity> {
        let mut inside = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut inside, identity)
    }

    pub(super) fn identity(&self) -> io::Result<TlsIdentity> {
        let identity = self.0.read().unwrap_or_else(PoisonError::into_inner);
        identity.clone().ok_or_else(|| {
            // The configuration has none where nobody listens for it.
            io::Error::other("no certificate")
        })
    }
}

/// Whose certificate the peer must show whom this message is sent to: the next hop that its URI names
/// (RFC 5922 §7.1), which is a name where the sender knew one, whatever address it was found at. Of a response it is
/// the host that its Via names.
pub(super) fn name_of_peer(message: &bytes::Bytes, address: IpAddr) -> ServerName<'static> {
    let by_address = ServerName::from(address);
    let host = match parse_datagram(message.clone(), &Limits::default()) {
        Ok(Message::Request(request)) => next_hop_host(&request),
        Ok(Message::Response(response)) => via_host(&response),
        Err(_) => None,
    };
    host.and_then(|host| ServerName::try_from(host).ok())
        .unwrap_or(by_address)
}

fn next_hop_host(request: &Request) -> Option<String> {
    let route = request.headers.list(&HeaderName::Route).next();
    let route = route.and_then(|route| NameAddr::parse(route).ok());
    let uri = route.as_ref().map_or(&request.uri, |route| &route.uri);
    uri.host().map(without_brackets)
}

fn via_host(response: &Response) -> Option<String> {
    let (host, _) = response.headers.hop().ok()?.sent_by()?;
    Some(without_brackets(&host))
}

fn without_brackets(host: &Host) -> String {
    host.ip()
        .map_or_else(|| host.to_string(), |ip| ip.to_string())
}

#[cfg(test)]
mod tests;
