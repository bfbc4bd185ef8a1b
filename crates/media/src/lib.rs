//! What runs `media_core` on the wire: OS threads with epoll, one pair of sockets a leg, prompt files.
//! Which leg hears what is decided by `call`; how streams stay continuous, by `media_core`.
//!
//! Media threads ask for a niceness of -10 and run without it where that is refused. Under other load on the same
//! cores, give the process `CAP_SYS_NICE` (or a real-time class): it is the scheduler that makes voice uneven then.
//!
//! # Metrics
//! | name | kind | labels | meaning |
//! |---|---|---|---|
//! | `kolapp_media_sessions` | gauge | `thread` | sessions open |
//! | `kolapp_media_packets_received_total` | counter | | RTP packets taken |
//! | `kolapp_media_packets_sent_total` | counter | | RTP packets sent |
//! | `kolapp_media_packets_dropped_total` | counter | `reason` | RTP packets not taken: `not_agreed` (also what comes for a call that is over), `malformed`, `payload_type`, `source`, `probation`, `direction` |
//! | `kolapp_media_sends_failed_total` | counter | | packets that the kernel refused to send |
//! | `kolapp_media_rtcp_received_total` | counter | `validity` | RTCP packets, `valid` or `invalid` |
//! | `kolapp_media_ticks_late_total` | counter | | frames more than 2 ms late |
//! | `kolapp_media_slots_skipped_total` | counter | | slots of 1 ms passed over because the thread was behind |
//! | `kolapp_media_prompts_missing_total` | counter | | prompts passed over because no such prompt is loaded |
//! | `kolapp_media_legs_unknown_total` | counter | | commands for a leg that has no session (any more) |
//! | `kolapp_media_opens_refused_total` | counter | `reason` | sessions refused: `no_port`, `busy`, `io`, `shut_down` |
//! | `kolapp_media_recordings_refused_total` | counter | | recordings refused since the thread had as many as it may |
//! | `kolapp_media_commands_refused_total` | counter | | commands refused since the thread's mailbox was full |

mod awaited;
mod counters;
mod decode;
mod engine;
mod lines;
mod loudness;
mod mailbox;
mod opus;
mod pace;
mod ports;
mod prompts;
mod resample;
mod rtcp;
mod session;
mod wav;
mod wheel;
mod worker;

pub use counters::Stats;
pub use engine::{CommandRefused, MediaConfig, MediaEngine, OpenError};
pub use prompts::{DECODER_THREAD, FILE_BYTES_MAX, Prompt, PromptError, PromptReason, Prompts};
