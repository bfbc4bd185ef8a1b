//! Certificates that the configuration names: read with it, judged with it, and shown from then on, to phones by TLS and to
//! browsers by HTTPS. Whoever has to renew one is told in time.

use crate::reload::Wrong;
use config::{Loaded, ServerSettings};
use jiff::Timestamp;
use sip::{Certificate, CertificateStanding, Tls, TlsFiles, TlsIdentity};
use std::path::PathBuf;
use web::Https;

/// When each of them ends.
const ENDS: &str = "kolapp_certificate_ends_seconds";

/// Those of a configuration.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    /// What TLS is done with for SIP.
    sip: Option<TlsIdentity>,
    /// What pages and API are shown with.
    http: Option<Certificate>,
}

/// Those in force.
#[derive(Clone, Default)]
pub(crate) struct Shown {
    pub(crate) sip: Tls,
    pub(crate) http: Https,
    before: std::sync::Arc<std::sync::Mutex<Certificates>>,
}

impl Certificates {
    /// Reads them, or tells all that is wrong.
    pub(crate) fn read(settings: &ServerSettings) -> Result<Certificates, Wrong> {
        let sip = settings.tls.as_ref().map(|tls| {
            TlsIdentity::read(&TlsFiles {
                certificate: tls.certificate.clone(),
                key: tls.key.clone(),
                ca: tls.ca.clone(),
            })
        });
        let https = settings.https.as_ref();
        let http = https.map(|https| Certificate::read(&https.certificate, &https.key));
        match (sip.transpose(), http.transpose()) {
            (Ok(sip), Ok(http)) => Ok(Certificates { sip, http }),
            (sip, http) => {
                let errors = [sip.err(), http.err()].into_iter().flatten();
                Err(Wrong::Lines(
                    errors.map(|error| error.to_string()).collect(),
                ))
            }
        }
    }

    /// Warns of those that are not valid now, or not for long.
    pub(crate) fn warn(&self, loaded: &mut Loaded) {
        let now = Timestamp::now().as_second();
        for (_, certificate) in self.all() {
            if let Some((problem, mend)) = said(certificate.standing(now), now) {
                loaded.warn_of(certificate.path(), problem, mend);
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, &Certificate)> {
        let sip = self.sip.as_ref().map(TlsIdentity::certificate);
        let named = [("sip", sip), ("http", self.http.as_ref())];
        named
            .into_iter()
            .filter_map(|(name, one)| Some((name, one?)))
    }

    fn of(&self, name: &str) -> Option<&Certificate> {
        self.all()
            .find(|(of, _)| *of == name)
            .map(|(_, certificate)| certificate)
    }
}

/// What is said of a certificate that stands so.
fn said(standing: CertificateStanding, now: i64) -> Option<(String, &'static str)> {
    let at = |second| {
        let moment = Timestamp::from_second(second).unwrap_or_default();
        moment.strftime("%Y-%m-%d %H:%M UTC").to_string()
    };
    const RENEW: &str = "renew it: peers refuse it once it has ended";
    match standing {
        CertificateStanding::Good => None,
        CertificateStanding::NotYet(from) => Some((
            format!("the certificate is valid from {} on alone", at(from)),
            "look whether this machine's clock is right",
        )),
        CertificateStanding::EndsSoon(until) => {
            let days = (until - now) / 86_400;
            let problem = format!("the certificate ends in {days} days, on {}", at(until));
            Some((problem, RENEW))
        }
        CertificateStanding::Ended(until) => {
            Some((format!("the certificate has ended on {}", at(until)), RENEW))
        }
    }
}

impl Shown {
    /// Shows these from now on, and says what has changed for peers.
    pub(crate) fn show(&self, now: Certificates) -> Vec<String> {
        self.sip.replace(now.sip.clone());
        let server = now.http.as_ref().map(|it| it.server_of(web::PROTOCOL));
        self.http.show(server);
        let mut before = self.before.lock().unwrap_or_else(|it| it.into_inner());
        let mut changes = Vec::new();
        for (name, section) in [("sip", "tls"), ("http", "http")] {
            let (old, new) = (before.of(name), now.of(name));
            if old.is_some() || new.is_some() {
                // An alarm on what is left is none where there is nothing to renew.
                let ends = new.and_then(Certificate::ends);
                let ends = ends.map_or(f64::INFINITY, |second| second as f64);
                metrics::gauge!(ENDS, "of" => name).set(ends);
            }
            if let Some((old, new)) = old.zip(new)
                && !old.is_the_same_as(new)
            {
                changes.push(format!("{section}: peers are shown a new certificate"));
            }
        }
        *before = now;
        changes
    }
}

/// Every file that they are read from.
pub(crate) fn files(settings: &ServerSettings) -> Vec<PathBuf> {
    let sip = settings.tls.iter();
    let sip = sip.flat_map(|tls| [Some(&tls.certificate), Some(&tls.key), tls.ca.as_ref()]);
    let http = settings.https.iter();
    let http = http.flat_map(|https| [Some(&https.certificate), Some(&https.key)]);
    sip.chain(http).flatten().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_to_renew_a_certificate_is_told_when_it_ends() {
        let now = 1_795_000_000;
        let told = |standing| said(standing, now).map(|(problem, _)| problem);
        assert_eq!(told(CertificateStanding::Good), None);
        assert_eq!(
            told(CertificateStanding::EndsSoon(now + 3 * 86_400 + 1)).as_deref(),
            Some("the certificate ends in 3 days, on 2026-11-21 11:06 UTC")
        );
        assert_eq!(
            told(CertificateStanding::Ended(now - 86_400)).as_deref(),
            Some("the certificate has ended on 2026-11-17 11:06 UTC")
        );
    }
}
