//! The HTTP API under `/api/v1`: who may come in (sessions and tokens), callback lists, queues and agents, live events, and the document
//! that describes it all; and the pages, which are made of that. What is asked for is a command that `control` permits and an [`Office`] carries out: this room
//! knows neither where lists are kept nor how calls are made.

mod acts;
mod agents;
mod audit;
mod body;
mod caller;
mod callers;
mod calls;
mod calls_export;
mod came_from;
mod changes;
mod configuration;
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
mod hours;
mod https;
mod ladder;
mod licences;
mod lists;
mod log_ins;
mod me;
mod office;
mod openapi;
mod operation;
mod own_calls;
mod pages;
mod passes;
mod password;
mod problem;
mod prompts;
mod queues;
mod quick_closes;
mod roles;
mod router;
mod second_factors;
mod second_step;
mod sessions;
mod staff;
mod streams;
mod tokens;
mod told;
mod totp;
mod turns;
mod views;
mod way;

pub use audit::{AuditAsked, AuditFound, Audited};
pub use calls::{CallShown, CallSort, CallsAsked, CallsFound, SortOrder};
pub use changes::{CHANGES_MAX, Change, Changes, Staffing};
pub use configuration::{
    ChangeView, ConfigurationFileView, ConfigurationView, Configured, DiffLineView, EffectView,
    FileDiffView, FileView, LineKindView, NotConfigured, QueueEffectView, SettingProblemView,
};
pub use connections::{Carried, Listener, Peer};
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
pub use hours::DoorHours;
pub use https::{Https, PROTOCOL};
pub use ladder::{LadderMessage, LadderOfCall};
pub use licences::{Billed, LicenceReport, LicenceRow};
pub use me::{PauseReasonView, Person, PhoneKindView, PhoneView};
pub use office::{
    Account, Declined, Deed, Happened, Keeping, Office, Proof, Refused, Shown, Soon, Told, Unread,
    Unstored, Who,
};
pub use operation::{
    BanRow, CallerRow, CallersInLine, ConfigStatus, ListenerRow, LogTail, Look, MediaStatus,
    OrganisationRow, RegistrationRow, RegistrationsAsked, RegistrationsFound, Status, TrunkRow,
};
pub use own_calls::{CallStageView, HeldView, OwnCallView, TakingView};
pub use passes::{Pass, SessionRow, TOKENS_MAX, TokenRow};
pub use password::{PasswordHash, UnusableHash};
pub use prompts::{
    Piece, PromptFrom, PromptVersionView, PromptView, PromptsTold, UPLOAD_BYTES_MAX,
};
pub use quick_closes::{LeadsTo, LeadsToKind, QuickAsked, QuickChoices, QuickDone, QuickPreview};
pub use router::{document, router};
pub use second_factors::SecondFactor;
pub use turns::OwnTurn;
