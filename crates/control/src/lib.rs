//! Who may do what. Every change that a person asks for — by feature code, by `kolapp ctl`, later by a
//! page or the HTTP API — is a command value that passes [`permit`] once; what carries it out accepts
//! only [`Permitted`] values, so no way in can forget the check.

mod callback;
mod command;
mod configuration;
mod month;
mod own_call;
mod principal;
mod sight;

pub use callback::{CallbackCommand, EntryAction, Note, Outcome, StaffAction, Then, WindowChoice};
pub use command::{
    AgentCommand, BanCommand, Command, Device, FiguresCommand, Governed, PromptAction,
    PromptCommand, QueueCommand, Queues, QuickCommand, Subject, TrafficCommand, View,
};
pub use configuration::{
    ConfigChange, ConfigCommand, ConfigScope, Proposal, Proposed, SettingEdit, SettingValue,
    SettingsAction, SettingsCommand, Written,
};
pub use month::{InvalidMonth, Month};
pub use own_call::{CallAct, DIALLED_CHARS_MAX, OwnCallCommand, OwnCallRefusal};
pub use principal::{Permitted, Principal, Refusal, Role, permit};
pub use sight::Sight;
