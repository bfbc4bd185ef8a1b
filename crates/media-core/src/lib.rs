//! Media as values: codecs, continuous RTP streams, playlists, DTMF. Pure; the room `media` gives it
//! sockets, threads and files.
//!
//! [`Party`] is one leg's session and composes the rest. It is driven packet by packet and frame by frame
//! and hands bytes back in the caller's buffer, since nothing may be allocated on that path; that is why
//! it has methods of its own instead of `base::Core`'s one queue of outputs.

mod dropped;
pub mod dtmf;
mod fade;
pub mod g711;
mod keypad;
pub mod lock;
pub mod packet;
mod party;
mod plan;
pub mod playout;
pub mod reception;
mod recorder;
pub mod stream;

pub use dropped::Dropped;
pub use keypad::SAME_KEY_WITHIN;
pub use party::{
    AUDIO_BYTES_MAX, Clips, FILL_AFTER, Lengths, OWN_PACKET_BYTES, Party, QUIET_EVERY, QUIET_FIRST,
    Received, Report, ReportDue, Ticked,
};
pub use plan::{
    Codec, Command, Direction, Event, FRAME, LONG_PLAYLIST, OWN_RECORDING, Playlist, PromptId,
    Remote, Session, StreamPlan, Then,
};
pub use recorder::{NOTHING_MAX, RECORDING_MAX, Recorder, Recording, SILENCE_MAX};
