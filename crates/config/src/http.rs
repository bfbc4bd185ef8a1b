//! `[http]` of `kolapp.toml`: where pages and API are, with which certificate, and behind which proxies. Passwords and
//! sessions go over it, which whoever is on the way reads where it is plain; so without a certificate it is for this machine
//! alone, or for a proxy that is named. What is in the certificate's files is read by whoever uses them.

use crate::problems::Problem;
use crate::section::{At, Context, Section};
use crate::settings::{http, server_file};
use crate::source::Place;
use call::settings::Network;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Files of the certificate that pages and API are shown with, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsSettings {
    /// Our certificate and those between it and its root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// `[http]`, read.
pub(crate) struct HttpSection {
    pub(crate) listen: At<SocketAddr>,
    pub(crate) https: Option<HttpsSettings>,
    pub(crate) proxies: Vec<Network>,
}

pub(crate) fn read(
    top: &mut Section<'_>,
    start: Place,
    port: Option<u16>,
    context: &mut Context<'_>,
) -> HttpSection {
    let mut section = top.headed_or_empty(&server_file::HTTP, context);
    let mut listen = section.placed(&http::LISTEN, start, context);
    if let Some(port) = port {
        listen.value.set_port(port);
    }
    let is_secure = section.has(&http::CERTIFICATE) || section.has(&http::KEY);
    let https = read_certificate(&mut section, context);
    let proxies = section.values(&http::PROXIES, context);
    let is_proxied = section.has(&http::PROXIES) && !proxies.is_empty();
    section.finish(context);
    let is_here = listen.value.ip().to_canonical().is_loopback();
    if !(is_secure || is_proxied || is_here) {
        context.add(readable(&listen));
    }
    HttpSection {
        listen,
        https,
        proxies,
    }
}

/// Both of its files, where one is named.
fn read_certificate(section: &mut Section<'_>, context: &mut Context<'_>) -> Option<HttpsSettings> {
    match (section.has(&http::CERTIFICATE), section.has(&http::KEY)) {
        (true, false) => {
            let mend = "name the file of the certificate's key: key = \"privkey.pem\"";
            section.tell_absent(&http::KEY, mend, context);
        }
        (false, true) => {
            let mend = "name the file of the key's certificate: certificate = \"fullchain.pem\"";
            section.tell_absent(&http::CERTIFICATE, mend, context);
        }
        (true, true) | (false, false) => {}
    }
    let certificate = section.path(&http::CERTIFICATE, context);
    let key = section.path(&http::KEY, context);
    Some(HttpsSettings {
        certificate: certificate?.value,
        key: key?.value,
    })
}

fn readable(listen: &At<SocketAddr>) -> Problem {
    let problem = format!(
        "refuses plain HTTP at {}, where passwords can be read on their way",
        listen.value
    );
    let mend = format!(
        "name `certificate` and `key` to speak HTTPS there, listen on 127.0.0.1:{}, or name the proxy that has the \
         certificate: proxies = [\"192.0.2.5\"]",
        listen.value.port()
    );
    Problem::new(listen.place, problem).mend(mend)
}
