//! Conversions to and from the words of the `rsip` crate, for those who embed this one beside it.
//! Only words: `rsip` reads nothing off the wire here.

use crate::header_name::HeaderName;
use crate::method::Method;
use crate::status::{InvalidStatus, StatusCode};
use crate::transport::Transport;
use crate::uri::{Uri, UriError};

/// A word of ours that `rsip` doesn't know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a word that rsip knows, got {word:?}")]
pub struct UnknownWord {
    /// The word.
    pub word: Box<str>,
}

macro_rules! same_words {
    ($ours:ident, $theirs:ty: $($our:ident = $their:ident,)*) => {
        impl TryFrom<&$ours> for $theirs {
            type Error = UnknownWord;

            fn try_from(word: &$ours) -> Result<$theirs, UnknownWord> {
                match word {
                    $($ours::$our => Ok(<$theirs>::$their),)*
                    #[allow(unreachable_patterns, reason = "a closed vocabulary of ours has no others")]
                    other => Err(UnknownWord { word: format!("{other:?}").into() }),
                }
            }
        }

        impl TryFrom<$theirs> for $ours {
            type Error = UnknownWord;

            fn try_from(word: $theirs) -> Result<$ours, UnknownWord> {
                match word {
                    $(<$theirs>::$their => Ok($ours::$our),)*
                    #[allow(unreachable_patterns, reason = "a closed vocabulary of theirs has no others")]
                    other => Err(UnknownWord { word: other.to_string().into() }),
                }
            }
        }
    };
}

same_words! { Method, rsip::Method:
    Invite = Invite, Ack = Ack, Bye = Bye, Cancel = Cancel, Register = Register, Options = Options,
    Info = Info, Update = Update, Prack = PRack, Refer = Refer, Notify = Notify, Subscribe = Subscribe,
    Message = Message, Publish = Publish,
}

same_words! { Transport, rsip::Transport:
    Udp = Udp, Tcp = Tcp, Tls = Tls, Ws = Ws, Wss = Wss,
}

impl From<StatusCode> for rsip::StatusCode {
    fn from(status: StatusCode) -> rsip::StatusCode {
        match rsip::StatusCode::from(status.code()) {
            rsip::StatusCode::Other(code, _) => {
                rsip::StatusCode::Other(code, status.reason_phrase().into())
            }
            known => known,
        }
    }
}

impl TryFrom<rsip::StatusCode> for StatusCode {
    type Error = InvalidStatus;

    fn try_from(status: rsip::StatusCode) -> Result<StatusCode, InvalidStatus> {
        StatusCode::new(status.code())
    }
}

impl From<&rsip::Header> for HeaderName {
    fn from(header: &rsip::Header) -> HeaderName {
        match header {
            rsip::Header::Other(name, _) => HeaderName::from(name.as_str()),
            // Its variants carry no name; a written header starts with one.
            known => HeaderName::from(known.to_string().split(':').next().unwrap_or_default()),
        }
    }
}

impl TryFrom<&rsip::Uri> for Uri {
    type Error = UriError;

    fn try_from(uri: &rsip::Uri) -> Result<Uri, UriError> {
        uri.to_string().parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_rsip_is_one_of_ours_and_back() {
        for theirs in rsip::Method::all() {
            let ours = Method::try_from(theirs).unwrap();
            assert_eq!(ours.as_str(), theirs.to_string());
            assert_eq!(rsip::Method::try_from(&ours).unwrap(), theirs);
        }
        assert!(rsip::Method::try_from(&Method::from("DANCE")).is_err());
    }

    #[test]
    fn every_status_code_of_rsip_has_a_phrase_of_its_own() {
        for code in 100..700 {
            let ours = StatusCode::new(code).unwrap();
            let theirs = rsip::StatusCode::from(ours);
            assert_eq!(StatusCode::try_from(theirs.clone()), Ok(ours));
            // 201 is rsip's slip: RFC 3265 registered 202 Accepted.
            if !matches!(theirs, rsip::StatusCode::Other(..)) && code != 201 {
                assert!(StatusCode::KNOWN.contains(&ours), "{code}");
            }
        }
    }

    #[test]
    fn transports_and_header_names_mean_the_same() {
        assert_eq!(
            Transport::try_from(rsip::Transport::Wss),
            Ok(Transport::Wss)
        );
        assert!(Transport::try_from(rsip::Transport::Sctp).is_err());
        let header = rsip::Header::MaxForwards(rsip::headers::MaxForwards::from(70));
        assert_eq!(HeaderName::from(&header), HeaderName::MaxForwards);
        let header = rsip::Header::Other("X-Queue".into(), "1".into());
        assert_eq!(HeaderName::from(&header), HeaderName::from("x-queue"));
    }
}
