//! The HTTP API under `/api/v1`: who may come in (sessions and tokens), callback lists, queues and agents, live events, and the document
//! that describes it all; and the pages, which are made of that. What is asked for is a command that `control` permits and an [`Office`] carries out: this room
//! knows neither where lists are kept nor how calls are made.

mod acts;
mod agents;
mod audit;
mod body;
mod caller;
mod calls;
mod came_from;
mod changes;
mod connections;
mod credentials;
mod csv;
mod desk;
mod directory;
mod events;
mod exports;
mod eyes;
mod figures;
mod floor;
mod follower;
mod lists;
mod log_ins;
mod me;
mod office;
mod openapi;
mod own_calls;
mod pages;
mod passes;
mod password;
mod problem;
mod queues;
mod roles;
mod router;
mod sessions;
mod staff;
mod streams;
mod tokens;
mod told;
mod turns;
mod views;

pub use audit::{AuditAsked, AuditFound, Audited};
pub use calls::{CallShown, CallSort, CallsAsked, CallsFound, SortOrder};
pub use changes::{CHANGES_MAX, Change, Changes, Staffing};
pub use connections::{Listener, Peer};
pub use credentials::Credential;
pub use csv::quoted;
pub use desk::Desk;
pub use directory::{Colleague, Directory, Reached};
pub use figures::{
    AgentFigures, FiguresAsked, FiguresMoment, FiguresReport, FiguresRow, FiguresRows, FiguresStep,
    ForecastRow, MomentsWritten, NoFigures, NoMoment,
};
pub use floor::{AgentDay, AgentStateView, AgentView, DoorView, Floor, QueueDay, QueueView};
pub use follower::Follower;
pub use me::{PauseReasonView, Person, PhoneKindView, PhoneView};
pub use office::{
    Account, Declined, Deed, Happened, Keeping, Office, Proof, Refused, Shown, Soon, Told, Unread,
    Unstored, Who,
};
pub use own_calls::{CallStageView, HeldView, OwnCallView};
pub use passes::{Pass, SessionRow, TOKENS_MAX, TokenRow};
pub use password::{PasswordHash, UnusableHash};
pub use router::{document, router};
pub use turns::OwnTurn;
