//! The settings of queues: who answers, in which order, and what callers hear and where they go meanwhile.

use super::callbacks::callback;
use super::people::SKILLS;
use super::*;
use crate::address::EXTENSION;
use crate::destination::Place;
use crate::kinds::{
    Boolean, Choice, Either, List, Named, Own, Span, Text, Whole, Within, list, span, whole,
};
use crate::outward::SHOWS;
use crate::scope::{LANGUAGES, MUSIC};
use crate::setting::{Optional, Required, Usually, UsuallyMany, heading, section, setting};
use acd::{
    LAST_AGENT_WITHIN_MAX, Member, Policy, QueueKind, RINGING_MAX, WEIGHT_MAX, WIDENINGS_MAX,
    Yardstick,
};
use call::outward::CallerId;
use call::settings::{Answering, Language, Offering, PositionSaid, WaitSaid};
use std::num::NonZeroU8;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Messages in rotation at most.
const REPEATED_MAX: usize = 32;

/// Callers waiting in one queue at most, and where a queue names no number.
pub(super) const WAITING: RangeInclusive<u32> = 1..=100_000;
const WAITING_USUAL: u32 = 100;

/// What a step of priority is worth: as long as people bear to wait for those who matter more.
const AGEING_USUAL: Duration = Duration::from_secs(300);

/// What a queue weighs beside others with the same agents, and where it says nothing: lighter and heavier are both
/// to be had.
const WEIGHTS: RangeInclusive<u32> = 1..=WEIGHT_MAX as u32;
const WEIGHT_USUAL: u32 = 5;

/// Members of one queue at most.
pub(super) const MEMBERS_MAX: usize = 10_000;

/// Phones that ring at once by the policy `parallel`, and where no number is set.
const PARALLEL_AT_ONCE: RangeInclusive<u32> = 2..=RINGING_MAX as u32;
const PARALLEL_USUAL: NonZeroU8 = NonZeroU8::new(2).expect("two is not zero");

pub(crate) const POLICIES: [(&str, Policy); 8] = [
    ("longest-idle", Policy::LongestIdle),
    ("parallel", Policy::Parallel(PARALLEL_USUAL)),
    ("by-skill", Policy::BySkill),
    ("round-robin", Policy::RoundRobin),
    ("fewest-calls", Policy::FewestCalls),
    ("random", Policy::Random),
    ("ring-all", Policy::RingAll),
    ("fixed-order", Policy::FixedOrder),
];

const KINDS: [(&str, QueueKind); 3] = [
    ("ko", QueueKind::Ko),
    ("ko-plus", QueueKind::KoPlus),
    ("operator", QueueKind::Operator),
];
const ANSWERS: [(&str, Answering); 2] = [
    ("at-once", Answering::AtOnce),
    ("when-agent-answers", Answering::WhenAgentAnswers),
];
const OFFERS_WORDS: [(&str, Offering); 2] = [
    ("during-welcome", Offering::DuringWelcome),
    ("after-welcome", Offering::AfterWelcome),
];
const POSITIONS: [(&str, PositionSaid); 3] = [
    ("never", PositionSaid::Never),
    ("always", PositionSaid::Always),
    ("when-improved", PositionSaid::WhenImproved),
];
const WAITS: [(&str, WaitSaid); 3] = [
    ("never", WaitSaid::Never),
    ("average", WaitSaid::Average),
    ("expected", WaitSaid::Expected),
];

/// A prompt, or that none is heard.
pub(super) const PROMPT_OR_NONE: Text = Text("prompt or `\"none\"`");

const A_TABLE_BELOW: &str = "see below";

heading! {
    queue "[queues.<name>]";
    NAME: Optional<Text> = setting(
        "name",
        Text("text"),
        "Shown on agents' phones beside the caller's number.",
    )
    .unset("the queue's name");
    EXTENSION: Optional<Own<Box<str>>> = setting(
        "extension",
        super::EXTENSION,
        "Its internal number.",
    );
    KIND: Usually<Choice<QueueKind>> = setting(
        "kind",
        Choice(&KINDS),
        "What it is sold as: the plain queue, Kö Plus, or an organisation's operators (Kö \
         Telefonist). Licences ask for `ko-plus`; the other two differ in nothing yet.",
    )
    .or(QueueKind::default);
    MEMBERS: Optional<List<Either>> = setting(
        "members",
        list("list of members", MEMBERS_MAX, MEMBER),
        "Who may log in to it: users, or users with a priority and a weight \
         ([below](#a-member-queuesname-members)).",
    )
    .unset("`[]`");
    SEEN_BY: Optional<List<Text>> = setting(
        "seen_by",
        list("list of users", MEMBERS_MAX, Text("user")),
        "Who sees it and its agents beside its members (`kolapp ctl --as-user`). Supervisors and administrators see every queue \
         of their organisation.",
    )
    .unset("its members alone");
    POLICY: Usually<Choice<Policy>> = setting(
        "policy",
        Choice(&POLICIES),
        "In which order free agents are offered a call ([below](#who-is-offered-a-call)).",
    )
    .or(Policy::default);
    PARALLEL: Usually<Whole> = setting(
        "parallel",
        whole(PARALLEL_AT_ONCE),
        "How many phones ring at once by the policy `\"parallel\"`.",
    )
    .or(|| PARALLEL_USUAL.get()
    .into());
    REQUIRES: Optional<Named> = setting(
        "requires",
        SKILLS,
        "What callers ask for, whatever the policy: only agents with all of these skills, at these levels or \
         higher, are offered a call.",
    );
    WIDEN: Optional<List<Within>> = setting(
        "widen",
        list("list of steps", WIDENINGS_MAX, Within(&widening::HEADING)),
        "From when on callers ask for less \
         ([below](#what-callers-ask-for-and-when-it-widens-queuesname-widen)).",
    )
    .unset("`[]`");
    WEIGHT: Usually<Whole> = setting(
        "weight",
        whole(WEIGHTS),
        "Among queues that share agents the caller comes first whose wait, times his queue's weight, is \
         longest. What a caller may expect to wait counts an agent of several queues by these weights too.",
    )
    .or(|| WEIGHT_USUAL);
    LOGGED_IN_AT_START: Usually<Boolean> = setting(
        "logged_in_at_start",
        Boolean,
        "Whether its members are logged in when the server first knows them. A restart leaves agents logged \
         in as they were.",
    )
    .or(|| false);
    RING: Usually<Span> = setting(
        "ring",
        span(RINGS),
        "How long one agent's phone rings before the next is tried.",
    )
    .or(|| SECOND * 20);
    WRAP_UP: Usually<Span> = setting(
        "wrap_up",
        span(Duration::ZERO..=HOUR),
        "How long an agent is left in peace after a call.",
    )
    .or(|| Duration::ZERO);
    SERVICE_LEVEL: Usually<Span> = setting(
        "service_level",
        span(Duration::ZERO..=HOUR),
        "Who is answered within this time counts for the service level (`kolapp ctl figures`); a change holds \
         for callers who come after it.",
    )
    .or(|| Yardstick::default().within);
    SHORT_ABANDON: Usually<Span> = setting(
        "short_abandon",
        span(Duration::ZERO..=HOUR),
        "Who hangs up sooner than this couldn't have been helped, and doesn't count against it.",
    )
    .or(|| Yardstick::default().soon);
    AGEING: Usually<Span> = setting(
        "ageing",
        span(SECOND..=HOUR),
        "By how much earlier each step of a caller's `priority` lets him count as having come: strict among \
         callers who came that close together, and nobody waits for ever.",
    )
    .or(|| AGEING_USUAL);
    HOURS: Optional<Text> = setting(
        "hours",
        Text("hours"),
        "When callers are let in. Who waits already stays.",
    )
    .unset("always open");
    CLOSED: Optional<Within> = setting(
        "closed",
        Within(&closed::HEADING),
        "What a caller meets outside of those hours.",
    )
    .unset(A_TABLE_BELOW);
    HOLIDAY: Optional<Within> = setting(
        "holiday",
        Within(&closed::HEADING),
        "What he meets instead of that on a closed day of theirs.",
    )
    .unset(A_TABLE_BELOW);
    QUICK_CLOSED: Optional<Within> = setting(
        "quick_closed",
        Within(&closed::HEADING),
        "What he meets while somebody has closed it by hand (`kolapp ctl quick-close`).",
    )
    .unset(A_TABLE_BELOW);
    WAITING_MAX: Usually<Whole> = setting(
        "waiting_max",
        whole(WAITING),
        "How many may wait; a caller beyond them is refused.",
    )
    .or(|| WAITING_USUAL);
    DEFERRAL: Optional<Within> = setting(
        "deferral",
        Within(&deferral::HEADING),
        "How long an agent is passed over after an offer that came to nothing.",
    )
    .unset(A_TABLE_BELOW);
    LAST_AGENT: Optional<Either> = setting(
        "last_agent",
        LAST_AGENT_KIND,
        "Whether a caller who comes again is given to the agent whom he talked with \
         ([below](#whoever-comes-again-queuesnamelast_agent)).",
    )
    .unset("never");
    ANSWER: Usually<Choice<Answering>> = setting(
        "answer",
        Choice(&ANSWERS),
        "When the caller's call is answered; until then prompts are heard as early media.",
    )
    .or(Answering::default);
    AUTO_ANSWER: Usually<Boolean> = setting(
        "auto_answer",
        Boolean,
        "Whether agents' phones are asked to answer its calls by themselves (`Answer-Mode`, `Call-Info` with \
         `answer-after=0`, `Alert-Info`).",
    )
    .or(|| false);
    OFFERS: Usually<Choice<Offering>> = setting(
        "offers",
        Choice(&OFFERS_WORDS),
        "Whether an agent may answer while the welcome still plays.",
    )
    .or(Offering::default);
    LANGUAGE: Optional<Choice<Language>> = setting(
        "language",
        Choice(&LANGUAGES),
        "Language of prompts and spoken numbers.",
    )
    .unset("the organisation's");
    WELCOME: Usually<Text> = setting(
        "welcome",
        PROMPT_OR_NONE,
        "Heard first, once.",
    )
    .or(|| "queue-welcome".into());
    FIRST_MESSAGE: Usually<Text> = setting(
        "first_message",
        PROMPT_OR_NONE,
        "Heard once after the welcome.",
    )
    .or(|| "queue-first".into());
    REPEATED: UsuallyMany<Text> = setting(
        "repeated",
        list("list of prompts", REPEATED_MAX, Text("prompt")),
        "Heard in rotation.",
    )
    .or(|| vec!["queue-repeat".into()]);
    REPEAT_EVERY: Usually<Span> = setting(
        "repeat_every",
        span(SECOND..=HOUR),
        "From the end of a message to the start of the next.",
    )
    .or(|| SECOND * 30);
    MUSIC: Usually<Text> = setting(
        "music",
        Text("prompt"),
        "Heard in between.",
    )
    .or(|| super::MUSIC.into());
    POSITION: Usually<Choice<PositionSaid>> = setting(
        "position",
        Choice(&POSITIONS),
        "Whether the place in the queue is said after a message.",
    )
    .or(PositionSaid::default);
    POSITION_INTRO: Usually<Text> = setting(
        "position_intro",
        Text("prompt"),
        "Said before the number.",
    )
    .or(|| "queue-position-is".into());
    WAIT: Usually<Choice<WaitSaid>> = setting(
        "wait",
        Choice(&WAITS),
        "Which wait is said after a message, in whole minutes rounded up (one under a minute as less than a minute): the \
         queue's average over the last \
         15 minutes and those who wait, or what this caller may expect: his place times the mean time an \
         agent is busy with a call, over the agents at work. Nothing is said while fewer than five calls have \
         been handled or nobody is at work, nor the same wait twice in a row where the place is not said with \
         it.",
    )
    .or(WaitSaid::default);
    WAIT_INTRO: Optional<Text> = setting(
        "wait_intro",
        Text("prompt"),
        "Said before the minutes.",
    )
    .unset("`\"queue-wait-expected\"` or `\"queue-wait-average\"`");
    PLAN: Optional<Text> = setting(
        "plan",
        Text("plan"),
        "Which numbers outside the queue's settings may call.",
    )
    .unset("the organisation's");
    CALLER_ID: Optional<Own<CallerId>> = setting(
        "caller_id",
        SHOWS,
        "The number shown then.",
    )
    .unset("the organisation's");
    CALLER_NAME: Optional<Text> = setting(
        "caller_name",
        Text("text"),
        "The name that goes out beside it.",
    )
    .unset("the organisation's");
    FULL: Optional<Within> = setting(
        "full",
        Within(&full::HEADING),
        "What a caller meets where as many wait as may.",
    )
    .unset(A_TABLE_BELOW);
    CLOSE_WHEN: Optional<Within> = setting(
        "close_when",
        Within(&close_when::HEADING),
        "At which load it takes nobody in any more. Callers inside stay.",
    )
    .unset("never");
    OPEN_WHEN: Optional<Within> = setting(
        "open_when",
        Within(&open_when::HEADING),
        "When it does again.",
    )
    .unset(A_TABLE_BELOW);
    LOADED: Optional<Within> = setting(
        "loaded",
        Within(&full::HEADING),
        "What a caller meets while it is closed by its load.",
    )
    .unset(A_TABLE_BELOW);
    NO_AGENTS: Optional<Within> = setting(
        "no_agents",
        Within(&no_agents::HEADING),
        "Where callers go while no agent is logged in.",
    );
    NONE_REACHABLE: Optional<Within> = setting(
        "none_reachable",
        Within(&no_agents::HEADING),
        "Where they go while none of those logged in has a phone that can be called, or none is logged in.",
    );
    ALL_PAUSED: Optional<Within> = setting(
        "all_paused",
        Within(&no_agents::HEADING),
        "Where they go while all who are logged in have paused, or none is logged in.",
    );
    TIMED_OUT: Optional<Within> = setting(
        "timed_out",
        Within(&timed_out::HEADING),
        "Where they go who have waited too long.",
    );
    KEYS: Optional<Named> = setting(
        "keys",
        Named::values("keys and places", &Place).called(KEYS_NAMES),
        "Where a key leads that is pressed while waiting: `keys = { \"1\" = { user = \"anna\" } }`.",
    );
    CALLBACK: Optional<Within> = section("callback", &callback::HEADING);
}

heading! {
    closed "[queues.<name>.closed]";
    MESSAGE: Optional<Text> = setting(
        "message",
        PROMPT_OR_NONE,
        "Said first. A closed day with a message of its own has that said instead.",
    )
    .unset("`\"closed\"`, `\"closed-holiday\"`, `\"closed-quick\"`");
    NEXT_OPENING: Usually<Boolean> = setting(
        "next_opening",
        Boolean,
        "Whether he is told when it opens again: \"vi öppnar igen på måndag klockan åtta\".",
    )
    .or(|| false);
    THEN: Optional<Place> = setting("then", Place,
        "Where the caller goes then, written as numbers write it: `{ queue = \"night\" }`. In `holiday` and \
         `quick_closed`, that of `closed`. Else he is told that it is busy (486).",
    )
    .unset("busy");
}

/// A member's priority and his share where chance decides: few steps, since each is somebody's rule.
const PRIORITIES: RangeInclusive<u32> = 1..=9;
const SHARES: RangeInclusive<u32> = 1..=100;

/// A user's name, or a table of it and what else is said of him.
const MEMBER: Either = Either {
    one: &Text("user"),
    other: &Within(&member::HEADING),
};

heading! {
    member "[queues.<name>] members";
    USER: Required<Text> = setting(
        "user",
        Text("user"),
        "Who.",
    )
    .needed("say who: user = \"anna\"");
    PRIORITY: Usually<Whole> = setting(
        "priority",
        whole(PRIORITIES),
        "Members are tried in this order, lowest first.",
    )
    .or(|| Member::default().priority.into());
    WEIGHT: Usually<Whole> = setting(
        "weight",
        whole(SHARES),
        "His share of the calls by the policy `\"random\"`.",
    )
    .or(|| Member::default().weight.into());
}

heading! {
    widening "[queues.<name>] widen";
    AFTER: Required<Span> = setting(
        "after",
        span(SECOND..=HOUR),
        "From this wait on, counted from a caller's first arrival, he asks for less.",
    )
    .needed("say after which wait: after = \"30s\"");
    REQUIRES: Optional<Named> = setting(
        "requires",
        SKILLS,
        "This, in place of what he asked for before. No step asks for more than the one before it.",
    )
    .unset("nothing");
}

/// How long ago callers may be known from.
const WITHIN_SPAN: Span = span(Duration::from_secs(60)..=LAST_AGENT_WITHIN_MAX);

/// How long a caller waits for a busy agent where nothing is written: enough that a talk may end meanwhile, and no
/// more than people take for a queue's ordinary wait.
const WAIT_USUAL: Duration = Duration::from_secs(30);

/// A time alone, or a table.
const LAST_AGENT_KIND: Either = Either {
    one: &WITHIN_SPAN,
    other: &Within(&last_agent::HEADING),
};

heading! {
    last_agent "[queues.<name>.last_agent]";
    WITHIN: Required<Span> = setting(
        "within",
        WITHIN_SPAN,
        "How long ago the two began to talk at most.",
    )
    .needed("say how long ago the two talked at most: within = \"7d\"");
    WAIT: Usually<Span> = setting(
        "wait",
        span(Duration::ZERO..=HOUR),
        "How long he waits for that agent alone; with `\"0s\"` he gets him only if he is free.",
    )
    .or(|| WAIT_USUAL);
}

/// Long enough that a device which fails at once is not rung in a loop, short enough that a caller who
/// waits for the only agent there is does not give up.
const DEFERRED: Duration = Duration::from_secs(10);

heading! {
    deferral "[queues.<name>.deferral]";
    NO_ANSWER: Usually<Span> = setting(
        "no_answer",
        span(Duration::ZERO..=HOUR),
        "After no answer within `ring`.",
    )
    .or(|| DEFERRED);
    DECLINED: Usually<Span> = setting(
        "declined",
        span(Duration::ZERO..=HOUR),
        "After the agent declined.",
    )
    .or(|| DEFERRED);
    BUSY: Usually<Span> = setting(
        "busy",
        span(Duration::ZERO..=HOUR),
        "After the phone said busy.",
    )
    .or(|| DEFERRED);
    ERROR: Usually<Span> = setting(
        "error",
        span(Duration::ZERO..=HOUR),
        "After the phone or the network failed.",
    )
    .or(|| DEFERRED);
}
