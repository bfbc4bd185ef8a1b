//! What agents hear when they dial codes about their own work: where they are logged in, and how they stand.

use crate::settings::{Language, Organisation};
use crate::speech;
use acd::{AgentState, Standing};
use control::Device;
use media_core::PromptId;
use serde::{Deserialize, Serialize};

/// Queues that are named one by one; who is in more of them is told that he is logged in.
const QUEUES_NAMED_MAX: usize = 5;

/// What is said of an agent's state, beside what says that it was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPrompts {
    /// "You are logged in to queue", before a queue's extension.
    pub logged_in_to: PromptId,
    /// "You are free, and can get calls."
    pub free: PromptId,
    /// "You have wrap-up time."
    pub in_wrap_up: PromptId,
    /// "Your wrap-up time is over."
    pub wrap_up_ended: PromptId,
    /// "You have more wrap-up time."
    pub wrap_up_extended: PromptId,
    /// "None of your phones can be reached."
    pub unreachable: PromptId,
    /// "There is no such reason."
    pub no_such_reason: PromptId,
    /// "Your licence does not go for that queue."
    pub no_licence: PromptId,
    /// "Your calls come to your phones."
    pub on_phone: PromptId,
    /// "Your calls come to your mobile."
    pub on_mobile: PromptId,
    /// "Your calls come to your phones and your mobile."
    pub on_both: PromptId,
    /// "Your calls come to your desk phone."
    pub on_desk_phone: PromptId,
    /// "Your calls come to your softphone."
    pub on_softphone: PromptId,
    /// "Your calls come to your browser."
    pub on_browser: PromptId,
    /// "A call from the queue. Press one to take it."
    pub accept: PromptId,
    /// Language of spoken numbers.
    pub language: Language,
}

impl AgentPrompts {
    /// The one that is also needed where agents dial no more than the code for pausing.
    pub const NO_SUCH_REASON: &str = "agent-no-such-reason";
    /// The one that is needed where agents log in.
    pub const NO_LICENCE: &str = "agent-no-licence";

    /// The standard ones, found by name.
    pub fn named(language: Language, mut prompt: impl FnMut(&str) -> PromptId) -> AgentPrompts {
        AgentPrompts {
            logged_in_to: prompt("agent-logged-in-to"),
            free: prompt("agent-free"),
            in_wrap_up: prompt("agent-in-wrap-up"),
            wrap_up_ended: prompt("agent-wrap-up-ended"),
            wrap_up_extended: prompt("agent-wrap-up-extended"),
            unreachable: prompt("agent-unreachable"),
            no_such_reason: prompt(AgentPrompts::NO_SUCH_REASON),
            no_licence: prompt(AgentPrompts::NO_LICENCE),
            on_phone: prompt("agent-on-phone"),
            on_mobile: prompt("agent-on-mobile"),
            on_both: prompt("agent-on-both"),
            on_desk_phone: prompt("agent-on-desk-phone"),
            on_softphone: prompt("agent-on-softphone"),
            on_browser: prompt("agent-on-browser"),
            accept: prompt("agent-accept"),
            language,
        }
    }

    /// Where his calls come to.
    pub(crate) fn on(&self, device: Device) -> &PromptId {
        match device {
            Device::Phone => &self.on_phone,
            Device::Mobile => &self.on_mobile,
            Device::Both => &self.on_both,
            Device::DeskPhone => &self.on_desk_phone,
            Device::Softphone => &self.on_softphone,
            Device::Browser => &self.on_browser,
        }
    }
}

/// Where an agent is logged in and how he stands, as it is said to him; and, of one who has the choice, where his calls
/// come to.
pub(crate) fn status(
    organisation: &Organisation,
    standing: &Standing,
    device: Option<Device>,
) -> Vec<PromptId> {
    let prompts = &organisation.feature_prompts;
    let agent = &prompts.agent;
    if standing.queues.is_empty() {
        return vec![prompts.logged_out.clone()];
    }
    let mut said = queues(organisation, standing);
    if said.is_empty() {
        said.push(prompts.logged_in.clone());
    }
    said.push(match standing.state {
        AgentState::Paused { .. } => prompts.paused.clone(),
        AgentState::WrapUp { .. } => agent.in_wrap_up.clone(),
        AgentState::Unreachable => agent.unreachable.clone(),
        // The call in which he asks is one of his own; a deferral is over before he has put the phone down.
        AgentState::OwnCall
        | AgentState::Deferred { .. }
        | AgentState::Free
        | AgentState::InCall
        | AgentState::Offered
        | AgentState::LoggedOut => agent.free.clone(),
    });
    said.extend(device.map(|device| agent.on(device).clone()));
    said
}

/// The extensions of his queues, digit by digit; nothing where there are too many, or one has none.
fn queues(organisation: &Organisation, standing: &Standing) -> Vec<PromptId> {
    let agent = &organisation.feature_prompts.agent;
    let mut said = Vec::new();
    if standing.queues.len() > QUEUES_NAMED_MAX {
        return said;
    }
    for queue in &standing.queues {
        let Some(extension) = organisation.extension_of(queue) else {
            return Vec::new();
        };
        said.push(agent.logged_in_to.clone());
        let digits = extension.chars().filter_map(|digit| digit.to_digit(10));
        let spoken = digits.filter_map(|digit| speech::number(agent.language, digit));
        said.extend(spoken.flatten());
    }
    said
}
