//! What the environment moves: ports and the state folder, so that a test or a container needs no file of
//! its own. It is stronger than the files.

use crate::address::{PORTS_EXPECTED, parse_ports};
use crate::database::{self, DatabaseUrl};
use crate::error::ConfigError;
use crate::problems::quoted;
use crate::sip::PORT_OFFSET_MAX;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Texts of the `KOLAPP_*` variables that are set. They are judged when a configuration is loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `KOLAPP_SIP_PORT`: port of every SIP listener for UDP and TCP; the three above it are for TLS,
    /// WebSocket, and WebSocket over TLS.
    pub sip_port: Option<String>,
    /// `KOLAPP_HTTP_PORT`: port of the HTTP listener.
    pub http_port: Option<String>,
    /// `KOLAPP_RTP_PORTS`: range of ports for audio, such as `30000-39999`.
    pub rtp_ports: Option<String>,
    /// `KOLAPP_STATE_DIR`: folder of the control socket and of what is stored.
    pub state_dir: Option<String>,
    /// `KOLAPP_STORE_URL`: URL of the database that keeps what is stored.
    pub store_url: Option<String>,
}

impl Environment {
    /// What this process was started with.
    pub fn from_process() -> Environment {
        let text = |name| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
        Environment {
            sip_port: text(SIP_PORT),
            http_port: text(HTTP_PORT),
            rtp_ports: text(RTP_PORTS),
            state_dir: text(STATE_DIR),
            store_url: text(STORE_URL),
        }
    }
}

const SIP_PORT: &str = "KOLAPP_SIP_PORT";
const HTTP_PORT: &str = "KOLAPP_HTTP_PORT";
const RTP_PORTS: &str = "KOLAPP_RTP_PORTS";
const STATE_DIR: &str = "KOLAPP_STATE_DIR";
pub(crate) const STORE_URL: &str = "KOLAPP_STORE_URL";

/// So that there is room for the ports above it.
const SIP_PORT_MAX: u16 = u16::MAX - PORT_OFFSET_MAX;

/// The same, judged.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) sip_port: Option<u16>,
    pub(crate) http_port: Option<u16>,
    pub(crate) rtp_ports: Option<RangeInclusive<u16>>,
    pub(crate) state_dir: Option<PathBuf>,
    pub(crate) store_url: Option<DatabaseUrl>,
}

impl Overrides {
    /// What `environment` asks for; what can't be done is handed to `tell`.
    pub(crate) fn of(environment: &Environment, mut tell: impl FnMut(ConfigError)) -> Overrides {
        let mut judge = |name, text: &Option<String>, expected: &str, mend: &str, fine: bool| {
            let Some(text) = text else { return };
            if !fine {
                let problem = format!("expected {expected}, got {}", quoted(text));
                tell(ConfigError::named(name, problem).mend(mend));
            }
        };
        let port = |text: &Option<String>| {
            text.as_ref()
                .and_then(|text| text.parse().ok())
                .filter(|port: &u16| *port != 0)
        };
        let sip_port = port(&environment.sip_port).filter(|port| *port <= SIP_PORT_MAX);
        let http_port = port(&environment.http_port);
        let rtp_ports = environment.rtp_ports.as_deref().and_then(parse_ports);
        let state_dir = environment
            .state_dir
            .as_ref()
            .filter(|text| !text.is_empty());
        const PORT: &str = "a port from 1 to 65535";
        const UNSET: &str = "change the variable, or unset it to use what the files say";
        judge(
            SIP_PORT,
            &environment.sip_port,
            &format!("a port from 1 to {SIP_PORT_MAX}"),
            UNSET,
            sip_port.is_some(),
        );
        judge(
            HTTP_PORT,
            &environment.http_port,
            PORT,
            UNSET,
            http_port.is_some(),
        );
        judge(
            RTP_PORTS,
            &environment.rtp_ports,
            PORTS_EXPECTED,
            UNSET,
            rtp_ports.is_some(),
        );
        judge(
            STATE_DIR,
            &environment.state_dir,
            "a folder",
            UNSET,
            state_dir.is_some(),
        );
        let state_dir = state_dir.map(PathBuf::from);
        // It may have a password in it, so what is wrong is told without it.
        let store_url = environment.store_url.as_deref().map(database::parse);
        let store_url = store_url.and_then(|parsed| {
            let told = |expected| {
                let problem = ConfigError::named(STORE_URL, format!("expected {expected}"));
                tell(problem.mend(UNSET));
            };
            parsed.map_err(told).ok()
        });
        Overrides {
            sip_port,
            http_port,
            rtp_ports,
            state_dir,
            store_url,
        }
    }
}
