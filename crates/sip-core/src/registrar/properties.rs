//! Against a naive model: rows of REGISTERs by several devices at once, in and out of order, repeated, prolonged,
//! ended, over connections that close.

use super::tests::{flow, register};
use super::*;
use crate::transport::Transport;
use proptest::prelude::*;

const RULES: Rules = Rules {
    expires_min: Duration::from_secs(10),
    expires_max: Duration::from_secs(100),
    expires_default: Duration::from_secs(50),
    contacts_max: 3,
    beyond: Beyond::ReplaceOldest,
};

/// One step of the world.
#[derive(Clone, Debug)]
enum Step {
    /// A device, which has a Call-ID of its own, registers a contact of its choice over one of its connections.
    Register {
        device: u8,
        contact: u8,
        cseq: u32,
        seconds: u32,
        connection: u64,
    },
    /// A device ends all.
    EndAll { device: u8, cseq: u32 },
    /// Time goes by.
    Wait(u64),
    /// A connection closes.
    Close(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let register = (0u8..3, 0u8..5, 1u32..12, 0u32..130, 0u64..4).prop_map(
        |(device, contact, cseq, seconds, connection)| Step::Register {
            device,
            contact,
            cseq,
            seconds,
            connection,
        },
    );
    prop_oneof![
        8 => register,
        1 => (0u8..3, 1u32..12).prop_map(|(device, cseq)| Step::EndAll { device, cseq }),
        2 => (1u64..60).prop_map(Step::Wait),
        1 => (1u64..4).prop_map(Step::Close),
    ]
}

/// What the model knows of a binding.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    contact: u8,
    device: u8,
    cseq: u32,
    ends_at: Time,
    connection: u64,
    /// That connection is gone.
    closed: bool,
}

#[derive(Debug, Default)]
struct Model(Vec<Row>);

impl Model {
    fn register(&mut self, now: Time, new: Row, seconds: u32) -> StatusCode {
        self.0.retain(|row| row.ends_at > now);
        if seconds > 0 && seconds < 10 {
            return StatusCode::INTERVAL_TOO_BRIEF;
        }
        let old = self.0.iter().find(|row| row.contact == new.contact);
        if let Some(old) = old.filter(|old| old.device == new.device && old.cseq >= new.cseq) {
            // The very same again is answered as before; anything else that is late is refused.
            let same_way = !old.closed && old.connection == new.connection;
            let same = old.cseq == new.cseq && same_way && seconds > 0;
            return match same {
                true => StatusCode::OK,
                false => StatusCode::SERVER_INTERNAL_ERROR,
            };
        }
        self.0.retain(|row| row.contact != new.contact);
        if seconds > 0 {
            let ends_at = now + Duration::from_secs(u64::from(seconds.min(100)));
            self.0.push(Row { ends_at, ..new });
        }
        if self.0.len() > 3 {
            self.0.remove(0);
        }
        StatusCode::OK
    }

    fn end_all(&mut self, now: Time, device: u8, cseq: u32) -> StatusCode {
        self.0.retain(|row| row.ends_at > now);
        let late = |row: &Row| row.device == device && row.cseq >= cseq;
        if self.0.iter().any(late) {
            return StatusCode::SERVER_INTERNAL_ERROR;
        }
        self.0.clear();
        StatusCode::OK
    }
}

fn uri(contact: u8) -> String {
    // An even one can be called anew when its connection is gone, an odd one can't.
    match contact % 2 {
        0 => format!("sip:anna@192.0.2.7:{}", 5_000 + u16::from(contact)),
        _ => format!("sip:anna@c{contact}.invalid"),
    }
}

fn over(connection: u64) -> Flow {
    Flow {
        transport: match connection {
            0 => Transport::Udp,
            _ => Transport::Tcp,
        },
        connection,
        ..flow()
    }
}

proptest! {
    #[test]
    fn bindings_are_as_a_naive_model_has_them(steps in proptest::collection::vec(step(), 1..60)) {
        let mut bindings = Bindings::default();
        let mut model = Model::default();
        let mut now = Time::from_millis(1_000);
        for step in steps {
            match step {
                Step::Register { device, contact, cseq, seconds, connection } => {
                    let value = format!("<{}>;expires={seconds}", uri(contact));
                    let request = register(&format!("device-{device}"), cseq, &[&value], None);
                    let (response, _) = bindings.register(now, &request, &over(connection), &RULES);
                    let row = Row {
                        contact,
                        device,
                        cseq,
                        ends_at: now,
                        connection,
                        closed: false,
                    };
                    prop_assert_eq!(response.status, model.register(now, row, seconds));
                }
                Step::EndAll { device, cseq } => {
                    let request = register(&format!("device-{device}"), cseq, &["*"], Some("0"));
                    let (response, _) = bindings.register(now, &request, &over(0), &RULES);
                    prop_assert_eq!(response.status, model.end_all(now, device, cseq));
                }
                Step::Wait(seconds) => now += Duration::from_secs(seconds),
                Step::Close(connection) => {
                    bindings.close(connection);
                    model.0.retain_mut(|row| {
                        let is_its = !row.closed && row.connection == connection;
                        row.closed |= is_its;
                        !is_its || row.contact % 2 == 0
                    });
                }
            }
            let known: Vec<(String, Time, u64)> = bindings
                .current(now)
                .map(|binding| {
                    (binding.contact.to_string(), binding.expires_at, binding.flow.connection)
                })
                .collect();
            let expected: Vec<(String, Time, u64)> = model
                .0
                .iter()
                .rev()
                .filter(|row| row.ends_at > now)
                .map(|row| {
                    let connection = if row.closed { 0 } else { row.connection };
                    (uri(row.contact), row.ends_at, connection)
                })
                .collect();
            prop_assert_eq!(known, expected);
            let saved = postcard::to_stdvec(&bindings).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Bindings>(&saved).unwrap(), bindings.clone());
        }
    }
}
