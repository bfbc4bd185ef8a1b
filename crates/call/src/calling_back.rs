//! An agent calls somebody back, as data: his device is rung, he hears whom and why, and only when that he will is stored is
//! the person called. Says how far a call is, what the callback lists are told of it and what the agent hears; legs and
//! trunks are not its matter (`shard/calling_back`).
//!
//! The lists hear of every call exactly one ending: whoever takes a [`Placing`] out of the shard tells it.

use crate::settings::Language;
use crate::speech;
use acd::{CallbackEnd, OfferEnd};
use base::{CallId, OfferId};
use callback::{CallEvent, Errand, HangUpCause, Order, Utc};
use media_core::PromptId;
use serde::{Deserialize, Serialize};
use sip_core::StatusCode;
use std::time::Duration;

/// What an agent keys to say that a machine answered, where nothing else is set. It begins as feature codes do, which people
/// don't key by chance while they talk.
pub const VOICEMAIL_KEYS_DEFAULT: &str = "*9";
/// Most keys of it.
pub const VOICEMAIL_KEYS_MAX: usize = 4;
/// How long a person is rung where nothing else is set: longer than it takes to find a telephone in a bag, and as long as
/// most mobile networks ring before their voicemail answers.
pub const PERSON_RINGS_DEFAULT: Duration = Duration::from_secs(40);

/// How long a person who is called ahead of the agent, and has answered, waits for one where nothing else is set: a ring that an
/// agent who is there hears out, and as long as people who were called hold a line.
pub const AGENT_WITHIN_DEFAULT: Duration = Duration::from_secs(20);

/// How the agents of a queue call people back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingBack {
    /// What is said to them.
    pub prompts: CallingBackPrompts,
    /// Language of numbers, and of the word that their phones show.
    pub language: Language,
    /// The queue's name, as their phones show it.
    pub display_name: Box<str>,
    /// What they key to say that a machine answered.
    pub voicemail_keys: Box<str>,
    /// How long the person is rung.
    pub person_rings: Duration,
    /// How long a person who is called ahead of the agent, and has answered, waits for one.
    pub agent_within: Duration,
}

impl CallingBack {
    /// What an agent's phone shows when it rings for a call that he asked for.
    pub(crate) fn shown(&self) -> Box<str> {
        let word = match self.language {
            Language::Sv => "Återuppringning",
            Language::En => "Callback",
        };
        format!("{word}: {}", self.display_name).into()
    }
}

/// What agents hear when they call somebody back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallingBackPrompts {
    /// "Callback to", before the number.
    pub to: PromptId,
    /// "Queue", before its extension.
    pub queue: PromptId,
    /// "Has waited", before a number of minutes.
    pub waited: PromptId,
    /// "The line is busy."
    pub busy: PromptId,
    /// "Nobody answers."
    pub no_answer: PromptId,
    /// "The number can't be reached."
    pub failed: PromptId,
    /// "Noted as voicemail."
    pub voicemail: PromptId,
    /// "That you call could not be stored, so nobody was called."
    pub not_stored: PromptId,
    /// "The callback is not yours any more, so the call ends."
    pub lost: PromptId,
    /// What a person hears at once who is called ahead of the agent: who calls, and that somebody is on his way.
    pub wait: PromptId,
    /// What he hears where nobody came: that he keeps his place, and is called again.
    pub sorry: PromptId,
}

impl CallingBackPrompts {
    /// The standard ones, found by name; none where one is not there.
    pub fn named(mut prompt: impl FnMut(&str) -> Option<PromptId>) -> Option<CallingBackPrompts> {
        Some(CallingBackPrompts {
            to: prompt("calling-back-to")?,
            queue: prompt("calling-back-queue")?,
            waited: prompt("calling-back-waited")?,
            busy: prompt("calling-back-busy")?,
            no_answer: prompt("calling-back-no-answer")?,
            failed: prompt("calling-back-failed")?,
            voicemail: prompt("calling-back-voicemail")?,
            not_stored: prompt("calling-back-not-stored")?,
            lost: prompt("calling-back-lost")?,
            wait: prompt("calling-back-wait")?,
            sorry: prompt("calling-back-sorry")?,
        })
    }

    /// What the agent is told of a person who was not reached.
    pub(crate) fn of_event(&self, event: CallEvent) -> Option<&PromptId> {
        match event {
            CallEvent::PersonBusy => Some(&self.busy),
            CallEvent::PersonNoAnswer => Some(&self.no_answer),
            CallEvent::PersonFailed => Some(&self.failed),
            CallEvent::Voicemail => Some(&self.voicemail),
            CallEvent::AgentAnswered
            | CallEvent::AgentDidNotAnswer
            | CallEvent::Alive
            | CallEvent::PersonAnswered
            | CallEvent::HungUp
            | CallEvent::Taken(_)
            | CallEvent::NotTaken(_)
            | CallEvent::MetNobody => None,
        }
    }

    /// What he is told of a call that the lists end.
    pub(crate) fn of_cause(&self, why: HangUpCause) -> &PromptId {
        match why {
            HangUpCause::NotStored => &self.not_stored,
            HangUpCause::Lost | HangUpCause::TakenBack => &self.lost,
            HangUpCause::Voicemail => &self.voicemail,
        }
    }
}

/// What an agent hears before the person is called: "callback to …, queue …, has waited … minutes".
pub(crate) fn announcement(
    settings: &CallingBack,
    errand: &Errand,
    extension: Option<&str>,
    now: Option<Utc>,
) -> Vec<PromptId> {
    let (prompts, language) = (&settings.prompts, settings.language);
    let mut said = vec![prompts.to.clone()];
    said.extend(speech::telephone(language, errand.number.as_str()).unwrap_or_default());
    let extension = extension.and_then(|it| speech::telephone(language, it));
    if let Some(extension) = extension {
        said.push(prompts.queue.clone());
        said.extend(extension);
    }
    let minutes = now.and_then(|now| u32::try_from(now.since(errand.arrived).as_secs() / 60).ok());
    if let Some(minutes) = minutes.and_then(|it| speech::minutes(language, it)) {
        said.push(prompts.waited.clone());
        said.extend(minutes);
    }
    said
}

/// One call of an agent's to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Placing {
    pub(crate) errand: Errand,
    /// The call that the agent is in.
    pub(crate) call: CallId,
    stage: Stage,
    /// How many of the keys that say "voicemail" were pressed in a row.
    keyed: u8,
    /// By which number the queue keeps the agent for it, where it gave it to him.
    pub(crate) offer: Option<OfferId>,
    /// What his devices said, once none is left that was not answered.
    unanswered: OfferEnd,
}

/// Who ends a call to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedBy {
    /// The agent, his device, the person, or that nobody came for him.
    Agent,
    /// The callback lists.
    Lists,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// The agent's device rings.
    RingingAgent,
    /// He hears whom he is to call.
    Announcing,
    /// That he is there was told, and is being stored.
    Storing,
    /// The person's telephone rings.
    RingingPerson,
    /// The two talk.
    Talking,
    /// The person is called ahead of the agent, and the two are not there both.
    Ahead { person: Person, agent: Aside },
}

/// How far a person is who is called ahead of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Person {
    /// The attempt is being stored.
    Storing,
    /// His telephone rings.
    Rings,
    /// He has answered, and waits.
    Waits,
}

/// Where the agent is meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Aside {
    /// His device rings.
    Rings,
    /// He has answered before it was stored.
    There,
    /// He has let it be; the queue looks for another.
    Nobody,
}

/// What an agent's answer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// He hears whom he is to call; once that is stored the person is called.
    Announcement,
    /// He hears whom he is to call while the person's telephone rings, or is about to.
    Ringing,
    /// The person waits already: the two talk.
    Talk,
}

/// Whether the keys that say "voicemail" are complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyed {
    /// They are.
    Whole,
    /// They are not.
    NotYet,
}

impl Placing {
    pub(crate) fn new(
        errand: Errand,
        call: CallId,
        offer: Option<OfferId>,
        order: Order,
    ) -> Placing {
        Placing {
            errand,
            call,
            stage: match order {
                Order::AgentFirst => Stage::RingingAgent,
                Order::Ahead => Stage::Ahead {
                    person: Person::Storing,
                    agent: Aside::Rings,
                },
            },
            keyed: 0,
            offer,
            unanswered: OfferEnd::Withdrawn,
        }
    }

    /// The agent's devices are done, and none was answered.
    pub(crate) fn not_answered(&mut self, end: OfferEnd) {
        self.unanswered = end;
    }

    /// What it is to the queue that gave it to the agent when it ends now, by the agent's doing or by ours.
    pub(crate) fn ended_for_queue(&self, by: EndedBy) -> CallbackEnd {
        match (self.stage, by) {
            (Stage::RingingAgent, _) => CallbackEnd::Unanswered(self.unanswered),
            (Stage::Announcing | Stage::Storing, EndedBy::Agent) => CallbackEnd::HungUp,
            (Stage::Announcing | Stage::Storing, EndedBy::Lists) => CallbackEnd::Broken,
            (Stage::RingingPerson | Stage::Talking, _) => CallbackEnd::Called,
            (Stage::Ahead { agent, .. }, by) => match (agent, by) {
                (Aside::There, EndedBy::Agent) => CallbackEnd::HungUp,
                (Aside::There, EndedBy::Lists) => CallbackEnd::Broken,
                (Aside::Rings | Aside::Nobody, EndedBy::Agent) => CallbackEnd::PersonGone,
                // What could not be stored is not to be begun again at once.
                (Aside::Rings | Aside::Nobody, EndedBy::Lists) => CallbackEnd::Broken,
            },
        }
    }

    /// The agent has answered.
    pub(crate) fn agent_answered(&mut self) -> Begins {
        let (stage, begins) = match self.stage {
            Stage::Ahead { person, .. } => match person {
                Person::Storing => {
                    let agent = Aside::There;
                    (Stage::Ahead { person, agent }, Begins::Ringing)
                }
                Person::Rings => (Stage::RingingPerson, Begins::Ringing),
                // That they talk is told when they are put together.
                Person::Waits => (Stage::RingingPerson, Begins::Talk),
            },
            _ => (Stage::Announcing, Begins::Announcement),
        };
        self.stage = stage;
        begins
    }

    /// Whether an agent is still to be there for a person who is called ahead of him.
    pub(crate) fn is_ahead(&self) -> bool {
        matches!(self.stage, Stage::Ahead { .. })
    }

    /// Whether the person has answered, and waits for the agent.
    pub(crate) fn is_waited_for(&self) -> bool {
        let person = Person::Waits;
        matches!(self.stage, Stage::Ahead { person: it, .. } if it == person)
    }

    /// The agent whose device rang for a person called ahead has let it be: by which number he was kept. None where none rang.
    pub(crate) fn agent_out(&mut self) -> Option<OfferId> {
        match &mut self.stage {
            Stage::Ahead { agent, .. } if *agent == Aside::Rings => *agent = Aside::Nobody,
            _ => return None,
        }
        self.offer.take()
    }

    /// Another's device is to ring in his place. False where nobody is wanted any more.
    pub(crate) fn agent_rung(&mut self, offer: OfferId) -> bool {
        let wanted = match &mut self.stage {
            Stage::Ahead { agent, .. } if *agent == Aside::Nobody => {
                *agent = Aside::Rings;
                true
            }
            _ => false,
        };
        if wanted {
            self.offer = Some(offer);
        }
        wanted
    }

    /// A person who is called ahead has answered, and no agent is there. False where one is.
    pub(crate) fn person_waits(&mut self) -> bool {
        match &mut self.stage {
            Stage::Ahead { person, .. } if *person == Person::Rings => {
                *person = Person::Waits;
                true
            }
            _ => false,
        }
    }

    /// He has heard it, which the lists are told. None where he had before.
    pub(crate) fn announced(&mut self) -> Option<CallEvent> {
        self.moves(Stage::Announcing, Stage::Storing)
            .then_some(CallEvent::AgentAnswered)
    }

    /// The lists let the person be called. False where that was not asked for, or the person is being called already:
    /// nobody is called for no one, or twice.
    pub(crate) fn rings_person(&mut self) -> bool {
        let stage = match self.stage {
            Stage::Storing => Stage::RingingPerson,
            Stage::Ahead {
                person: Person::Storing,
                agent,
            } => match agent {
                Aside::There => Stage::RingingPerson,
                agent => Stage::Ahead {
                    person: Person::Rings,
                    agent,
                },
            },
            _ => return false,
        };
        self.stage = stage;
        true
    }

    /// The person has answered, which the lists are told.
    pub(crate) fn person_answered(&mut self) -> Option<CallEvent> {
        self.moves(Stage::RingingPerson, Stage::Talking)
            .then_some(CallEvent::PersonAnswered)
    }

    fn moves(&mut self, from: Stage, to: Stage) -> bool {
        let moves = self.stage == from;
        if moves {
            self.stage = to;
        }
        moves
    }

    /// What it is to the lists when the agent's call ends now, for whatever reason.
    pub(crate) fn ended(&self) -> CallEvent {
        match self.stage {
            Stage::RingingAgent => CallEvent::AgentDidNotAnswer,
            Stage::Ahead { person, .. } => match person {
                Person::Storing => CallEvent::HungUp,
                Person::Rings => CallEvent::PersonNoAnswer,
                Person::Waits => CallEvent::MetNobody,
            },
            Stage::Announcing | Stage::Storing | Stage::RingingPerson | Stage::Talking => {
                CallEvent::HungUp
            }
        }
    }

    /// Whether the person was called: then there is work to be done after it.
    pub(crate) fn has_called(&self) -> bool {
        matches!(self.stage, Stage::RingingPerson | Stage::Talking)
    }

    /// Whether the agent hears us.
    pub(crate) fn is_answered(&self) -> bool {
        match self.stage {
            Stage::RingingAgent => false,
            Stage::Ahead { agent, .. } => agent == Aside::There,
            _ => true,
        }
    }

    /// The agent pressed a key while the person rings or talks: before that no machine can have answered.
    pub(crate) fn key(&mut self, key: char, code: &str) -> Keyed {
        if !self.has_called() {
            return Keyed::NotYet;
        }
        let code: Vec<char> = code.chars().collect();
        let fits = |keyed: u8| code.get(usize::from(keyed)) == Some(&key);
        self.keyed = match () {
            () if fits(self.keyed) => self.keyed + 1,
            // A wrong key may be the first of another try.
            () if fits(0) => 1,
            () => 0,
        };
        match usize::from(self.keyed) == code.len() && !code.is_empty() {
            true => Keyed::Whole,
            false => Keyed::NotYet,
        }
    }
}

/// What the network's refusal of the person's number is to the lists.
pub(crate) fn event_of(status: StatusCode) -> CallEvent {
    match status.code() {
        // Who presses the call away has no time now.
        486 | 600 | 603 => CallEvent::PersonBusy,
        408 | 480 | 487 => CallEvent::PersonNoAnswer,
        _ => CallEvent::PersonFailed,
    }
}

/// How often it is said that a call is alive.
pub(crate) const ALIVE_EVERY: Duration =
    Duration::from_secs(callback::CALL_ALIVE_WITHIN.as_secs() / 3);

#[cfg(test)]
mod tests {
    use super::*;

    fn placing() -> Placing {
        let errand = Errand {
            queue: "demo/support".parse().unwrap(),
            number: "+46701234567".parse().unwrap(),
            arrived: Utc::from_seconds(0),
        };
        let call = CallId {
            shard: base::ShardId(1),
            slot: 1,
            generation: 1,
        };
        Placing::new(errand, call, None, Order::AgentFirst)
    }

    #[test]
    fn the_person_is_called_once_and_not_before_the_agent_has_heard_whom_he_calls() {
        let mut placing = placing();
        assert!(!placing.rings_person());
        assert_eq!(placing.person_answered(), None);
        assert_eq!(placing.announced(), None);
        placing.agent_answered();
        assert!(!placing.rings_person());
        assert_eq!(placing.announced(), Some(CallEvent::AgentAnswered));
        assert_eq!(placing.announced(), None);
        assert_eq!(placing.person_answered(), None);
        assert!(placing.rings_person());
        assert!(!placing.rings_person(), "never twice");
        assert_eq!(placing.person_answered(), Some(CallEvent::PersonAnswered));
        assert_eq!(placing.person_answered(), None);
    }

    fn ahead() -> Placing {
        let placing = placing();
        let offer = Some(OfferId(1));
        Placing::new(placing.errand, placing.call, offer, Order::Ahead)
    }

    #[test]
    fn a_person_called_ahead_is_called_once_it_is_stored_and_waits_where_no_agent_is_there() {
        let mut placing = ahead();
        assert!(!placing.person_waits(), "nobody is called");
        assert_eq!(placing.ended(), CallEvent::HungUp);
        assert!(placing.rings_person());
        assert!(!placing.rings_person(), "never twice");
        assert_eq!(placing.ended(), CallEvent::PersonNoAnswer);
        assert_eq!(
            placing.ended_for_queue(EndedBy::Agent),
            CallbackEnd::PersonGone
        );
        assert_eq!(placing.agent_out(), Some(OfferId(1)));
        assert_eq!(placing.agent_out(), None, "once");
        assert!(placing.person_waits());
        assert!(placing.is_waited_for());
        assert_eq!(placing.ended(), CallEvent::MetNobody);
        assert!(placing.agent_rung(OfferId(2)));
        assert!(!placing.agent_rung(OfferId(3)), "one at a time");
        assert_eq!(placing.agent_answered(), Begins::Talk);
        assert_eq!(placing.person_answered(), Some(CallEvent::PersonAnswered));
        assert_eq!(placing.ended(), CallEvent::HungUp);
    }

    #[test]
    fn an_agent_who_is_there_first_hears_the_person_ring_as_after_any_announcement() {
        for stored_first in [false, true] {
            let mut placing = ahead();
            if stored_first {
                assert!(placing.rings_person());
            }
            assert_eq!(placing.agent_answered(), Begins::Ringing);
            assert!(placing.is_answered());
            if !stored_first {
                assert_eq!(placing.ended_for_queue(EndedBy::Agent), CallbackEnd::HungUp);
                assert!(placing.rings_person());
            }
            assert!(!placing.is_ahead() && !placing.person_waits());
            assert_eq!(placing.person_answered(), Some(CallEvent::PersonAnswered));
        }
    }

    #[test]
    fn an_agent_who_has_not_answered_has_made_no_attempt() {
        let mut placing = placing();
        assert_eq!(placing.ended(), CallEvent::AgentDidNotAnswer);
        placing.agent_answered();
        assert_eq!(placing.ended(), CallEvent::HungUp);
    }

    #[test]
    fn voicemail_is_keyed_whole_and_only_while_somebody_could_have_answered() {
        let mut placing = placing();
        let code = VOICEMAIL_KEYS_DEFAULT;
        let keys = |placing: &mut Placing, keys: &str| {
            let pressed = keys.chars().map(|key| placing.key(key, code));
            pressed.last()
        };
        placing.agent_answered();
        assert_eq!(keys(&mut placing, "*9"), Some(Keyed::NotYet));
        placing.announced();
        placing.rings_person();
        assert_eq!(keys(&mut placing, "9*"), Some(Keyed::NotYet));
        assert_eq!(keys(&mut placing, "5*1"), Some(Keyed::NotYet));
        assert_eq!(keys(&mut placing, "**9"), Some(Keyed::Whole));
        assert_eq!(placing.clone().key('9', ""), Keyed::NotYet, "switched off");
    }

    #[test]
    fn what_a_network_says_of_a_number_is_told_in_the_lists_words() {
        for (status, event) in [
            (486, CallEvent::PersonBusy),
            (600, CallEvent::PersonBusy),
            (603, CallEvent::PersonBusy),
            (480, CallEvent::PersonNoAnswer),
            (404, CallEvent::PersonFailed),
            (503, CallEvent::PersonFailed),
        ] {
            let status = StatusCode::new(status).unwrap();
            assert_eq!(event_of(status), event, "{status}");
        }
    }

    #[test]
    fn the_agent_hears_the_number_the_queue_and_the_minutes() {
        let settings = CallingBack {
            prompts: CallingBackPrompts::named(|name| Some(PromptId::new(name))).unwrap(),
            language: Language::En,
            display_name: "Support".into(),
            voicemail_keys: VOICEMAIL_KEYS_DEFAULT.into(),
            person_rings: PERSON_RINGS_DEFAULT,
            agent_within: AGENT_WITHIN_DEFAULT,
        };
        assert_eq!(&*settings.shown(), "Callback: Support");
        let at = Some(Utc::from_seconds(25 * 60 + 59));
        let said = announcement(&settings, &placing().errand, Some("1000"), at);
        let said: Vec<&str> = said.iter().map(|it| it.as_str()).collect();
        assert_eq!(said.first(), Some(&"calling-back-to"));
        let ends = [
            "calling-back-queue",
            "en/number-1",
            "en/number-0",
            "music/pause",
            "en/number-0",
            "en/number-0",
            "calling-back-waited",
            "en/number-25",
            "en/minutes",
        ];
        assert!(said.ends_with(&ends), "{said:?}");
        let short = announcement(&settings, &placing().errand, None, None);
        assert_eq!(short.len(), said.len() - ends.len());
    }
}
