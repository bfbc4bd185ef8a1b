//! SIP as plain values (RFC 3261 and its family): bytes to messages and back, offer/answer, transactions,
//! dialogs, digest and the registrar's bindings. Opens no socket and reads no clock; what a request
//! *means* for a call is left to `call`, how it reaches the wire to `sip`.

pub mod addresses;
pub mod dialog;
pub mod dialog_info;
pub mod digest;
pub mod frame;
pub mod frame_stream;
pub mod guard;
pub mod header;
pub mod header_diversion;
pub mod header_identity;
pub mod header_name;
pub mod header_name_addr;
pub mod header_reason;
pub mod header_replaces;
pub mod header_session;
pub mod header_typed;
pub mod header_value;
pub mod header_via;
mod keyed;
pub mod message;
pub mod method;
pub mod negotiation;
pub mod network;
pub mod next_hop;
pub mod params;
pub mod registrar;
pub mod sdp;
#[cfg(test)]
mod smuggling_tests;
pub mod status;
pub mod text;
pub mod transaction;
pub mod transport;
pub mod uri;
pub mod vocabulary;

pub use frame::{Limits, ParseError, Rejected, parse_datagram};
pub use frame_stream::StreamFramer;
pub use header::Headers;
pub use header_diversion::{DIVERSIONS_MAX, Diverted, DivertedFor};
pub use header_identity::Shown;
pub use header_name::HeaderName;
pub use header_name_addr::NameAddr;
pub use header_reason::{Protocol, Reason, Reasons};
pub use header_replaces::{Meant, Replaces};
pub use header_session::{RAck, Refresher, SessionExpires};
pub use header_typed::{CSeq, Contacts, HeaderError};
pub use header_value::{AsValue, HeaderValue};
pub use header_via::{Hop, Via};
pub use message::{Message, Request, Response};
pub use method::Method;
pub use negotiation::Negotiation;
pub use params::Params;
pub use sdp::{Agreed, Direction, Format, SdpError};
pub use status::StatusCode;
pub use transport::{Flow, Transport, reopened_reply_flow, reply_flow, stamp_received};
pub use uri::{Host, SipUri, TelUri, Uri, UriError};
