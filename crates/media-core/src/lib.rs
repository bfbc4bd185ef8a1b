//! Media as values: codecs, continuous RTP streams, playlists, DTMF. Pure; the room `media` gives it
//! sockets, threads and files.

mod plan;

pub use plan::{
    Codec, Command, Direction, Event, FRAME, Playlist, PromptId, Remote, Session, StreamPlan, Then,
};
