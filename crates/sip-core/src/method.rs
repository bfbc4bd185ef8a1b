//! Request methods: the known ones by name, every other token as it came.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A request method. Case-sensitive and open (RFC 3261 §7.1): an unknown one is a value, not an error.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Method {
            $($(#[$doc])* $name,)*
            /// Any other token.
            Other(Box<str>),
        }

        impl Method {
            /// Every method with a name of its own.
            pub const KNOWN: &[Method] = &[$(Method::$name,)*];

            /// The token as it stands in a request line.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Method::$name => $text,)*
                    Method::Other(token) => token,
                }
            }
        }

        impl From<&str> for Method {
            fn from(token: &str) -> Method {
                match token {
                    $($text => Method::$name,)*
                    other => Method::Other(other.into()),
                }
            }
        }
    };
}

methods! {
    /// RFC 3261 §13.
    Invite = "INVITE",
    /// RFC 3261 §13.2.2.4 and §17.1.1.3.
    Ack = "ACK",
    /// RFC 3261 §15.
    Bye = "BYE",
    /// RFC 3261 §9.
    Cancel = "CANCEL",
    /// RFC 3261 §10.
    Register = "REGISTER",
    /// RFC 3261 §11.
    Options = "OPTIONS",
    /// RFC 6086.
    Info = "INFO",
    /// RFC 3311.
    Update = "UPDATE",
    /// RFC 3262.
    Prack = "PRACK",
    /// RFC 3515.
    Refer = "REFER",
    /// RFC 6665.
    Notify = "NOTIFY",
    /// RFC 6665.
    Subscribe = "SUBSCRIBE",
    /// RFC 3428.
    Message = "MESSAGE",
    /// RFC 3903.
    Publish = "PUBLISH",
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_case_sensitive_and_open() {
        for known in Method::KNOWN {
            assert_eq!(&Method::from(known.as_str()), known);
        }
        assert_eq!(Method::from("invite"), Method::Other("invite".into()));
        assert_eq!(Method::from("DANCE").to_string(), "DANCE");
    }
}
