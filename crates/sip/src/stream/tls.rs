//! TLS: the certificate that we show, and whose certificates we believe. Their files are read whole and judged before they
//! take the place of those in force; connections that are up keep what they began with.

use super::certificate::{Certificate, TlsError, certificates, unusable};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
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

/// What TLS is done with.
#[derive(Clone)]
pub struct TlsIdentity {
    certificate: Certificate,
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
}

impl TlsIdentity {
    /// Reads and judges the files.
    pub fn read(files: &TlsFiles) -> Result<TlsIdentity, TlsError> {
        let certificate = Certificate::read(&files.certificate, &files.key)?;
        let roots = roots(files.ca.as_deref())?;
        // A trunk may ask for our certificate too.
        let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the suites of every version")
            .with_root_certificates(roots)
            .with_client_auth_cert(certificate.chain.to_vec(), certificate.key.clone_key())
            .map_err(|error| unusable(&files.certificate, &files.key, &error))?;
        Ok(TlsIdentity {
            server: certificate.server(),
            client: Arc::new(client),
            certificate,
        })
    }

    /// The certificate that peers are shown.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
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
