//! The settings of a queue's callback list: when callers are offered to be called back, which times they choose from, and
//! what becomes of those whom nobody reached.

use super::queues::{MEMBERS_MAX, PROMPT_OR_NONE, WAITING};
use super::*;
use crate::address::FEATURE_CODE;
use crate::called_back::CLOCK_TIMES;
use crate::hours::INTERVALS;
use crate::kinds::{
    Boolean, Choice, Either, List, Named, Own, Span, Text, Whole, Within, list, span, whole,
};
use crate::setting::{Optional, Required, Usually, heading, section, sections, setting};
use ::callback::{ATTEMPTS_MAX, CUSTOMER_DIGITS_MAX, ClockTimes, ListSettings, Order};
use calendar::Interval;
use call::calling_back::{AGENT_WITHIN_DEFAULT, PERSON_RINGS_DEFAULT, VOICEMAIL_KEYS_DEFAULT};
use control::Then;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Windows of one queue at most: a caller can choose among eight, and some are for other days.
pub(crate) const WINDOWS_MAX: usize = 16;

/// Days ahead that a window is offered at most: further ahead nobody knows where he will be, and with four windows a day
/// two weeks are as many as a list knows.
const AHEAD: RangeInclusive<u32> = 0..=13;

/// As many may be named.
const AHEAD_MAX: usize = *AHEAD.end() as usize + 1;

/// Entries and minutes of agents that a window takes at most: a list has no more, and a staff no more time.
const ROOM_ENTRIES: RangeInclusive<u32> = 1..=10_000;
/// Of a hundred turns. Neither side gets all, so that neither starves.
const SHARES_OF_TURNS: RangeInclusive<u32> = 1..=99;
const SHARE_USUAL: u32 = 50;
/// Of a hundred who answer. As many as every fourth would be calls for their own sake.
const ABANDONED_OF_HUNDRED: RangeInclusive<u32> = 1..=20;
/// What Ofcom holds those to who call so (Statement on persistent misuse, 2010, annex 1).
const ABANDONED_USUAL: u32 = 3;
/// Who was called holds a line for a minute at most.
const AGENT_WITHIN: RangeInclusive<Duration> = Duration::from_secs(2)..=Duration::from_secs(60);
const ROOM_AGENT_MINUTES: RangeInclusive<u32> = 1..=100_000;

/// Waits that an offer can depend on.
const WAITS: Span = span(SECOND..=Duration::from_secs(24 * 3_600));

const AS_ABOVE: &str = "as above";

/// The key that the standard announcement says.
pub(crate) const STANDARD_KEY: char = '2';

const TELEPHONE_KEYS: [(&str, char); 12] = [
    ("0", '0'),
    ("1", '1'),
    ("2", '2'),
    ("3", '3'),
    ("4", '4'),
    ("5", '5'),
    ("6", '6'),
    ("7", '7'),
    ("8", '8'),
    ("9", '9'),
    ("*", '*'),
    ("#", '#'),
];

/// Words for who is there first.
const ORDERS: [(&str, Order); 2] = [
    ("after-accept", Order::AgentFirst),
    ("before", Order::Ahead),
];

/// Words for what becomes of an entry.
const THENS: [(&str, Then); 2] = [("requeue", Then::Requeue), ("close", Then::Close)];

/// Yes or no, or how many.
const SOON_KIND: Either = Either {
    one: &Boolean,
    other: &Within(&soon::HEADING),
};

fn usual() -> ListSettings {
    ListSettings::default()
}

heading! {
    callback "[queues.<name>.callback]";
    ENABLED: Usually<Boolean> = setting(
        "enabled",
        Boolean,
        "Whether callers are offered it. When not, what is on the list is still worked off.",
    )
    .or(|| true);
    KEY: Usually<Choice<char>> = setting(
        "key",
        Choice(&TELEPHONE_KEYS),
        "What a caller presses for it, at any moment of his wait. None of the queue's `keys`.",
    )
    .or(|| STANDARD_KEY);
    ANNOUNCEMENT: Optional<Text> = setting(
        "announcement",
        PROMPT_OR_NONE,
        "Said with the queue's messages while it is offered. The standard one says key 2.",
    )
    .unset("`\"callback-offer\"`");
    WHEN_CLOSED: Usually<Boolean> = setting(
        "when_closed",
        Boolean,
        "Whether those are offered it too who find the queue closed, after its message.",
    )
    .or(|| false);
    WHEN_OVERFLOWING: Usually<Boolean> = setting(
        "when_overflowing",
        Boolean,
        "Whether those are offered it too whom the queue does not take in, or keeps no longer: where it is full or closed by its \
         load, where nobody is there, after too long a wait.",
    )
    .or(|| false);
    PROMPTS: Optional<Named> = setting(
        "prompts",
        Named::values("prompts by step", &Text("prompt")),
        "What callers hear at each step, and agents who call, in place of the standard prompt of that name, without its \
         `callback-`: `prompts = { times = \"our-times\" }`.",
    )
    .unset("the standard ones");
    AVERAGE_WAIT_OVER: Optional<Span> = setting(
        "average_wait_over",
        WAITS,
        "Only while the queue's average wait is longer. Of this and the next three, all that are set must hold.",
    )
    .unset("always");
    EXPECTED_WAIT_OVER: Optional<Span> = setting(
        "expected_wait_over",
        WAITS,
        "Only to callers who may expect to wait longer than this themselves; to nobody while that can't be said.",
    )
    .unset("always");
    WAITING_AT_LEAST: Optional<Whole> = setting(
        "waiting_at_least",
        whole(WAITING),
        "Only while so many wait, the caller among them.",
    )
    .unset("always");
    BETWEEN: Optional<Own<ClockTimes>> = setting(
        "between",
        CLOCK_TIMES,
        "Only while the clock is between these, such as `\"08:00-15:00\"`; over midnight, where the second is no later.",
    )
    .unset("always");
    SOON: Optional<Either> = setting(
        "soon",
        SOON_KIND,
        "Whether callers may ask for a call as soon as possible, while the queue is open; with a table, \
         [how many](#how-many-may-ask-for-a-call-as-soon-as-possible-queuesnamecallbacksoon).",
    )
    .unset("true");
    WINDOWS: Optional<Named> = sections("windows", &window::HEADING);
    CUSTOMER_NUMBER: Optional<Within> = setting(
        "customer_number",
        Within(&customer_number::HEADING),
        "Callers are asked for their customer number, which they may leave out.",
    )
    .unset("not asked for");
    PERSONNUMMER: Usually<Boolean> = setting(
        "personnummer",
        Boolean,
        "Callers are asked for their personal identity number (*personnummer*, with or without the century; its check \
         digit has to be right), which they may leave out. Lists and logs show it masked.",
    )
    .or(|| false);
    KEEP_STARTED: Usually<Boolean> = setting(
        "keep_started",
        Boolean,
        "Whether an entry that says so is kept of a caller who hangs up before he has accepted, where his number is known.",
    )
    .or(|| false);
    MEMBERS: Optional<List<Text>> = setting(
        "members",
        list("list of users", MEMBERS_MAX, Text("user")),
        "Who may staff the list, in place of the queue's members. They need not be members of the queue.",
    )
    .unset("the queue's members");
    AUTOMATIC: Usually<Boolean> = setting(
        "automatic",
        Boolean,
        "Whether the queue gives what is due to its free agents, among its callers and by when each came first. An agent is \
         offered it as he is a caller, and the person is called once he has taken it, or meanwhile (`automatic_call`). Whoever staffs the list \
         may take entries still.",
    )
    .or(|| false);
    AUTOMATIC_SHARE: Usually<Whole> = setting(
        "automatic_share",
        whole(SHARES_OF_TURNS),
        "How many of a hundred turns callbacks get at most where callers wait too who came later; callers get the rest.",
    )
    .or(|| SHARE_USUAL);
    AUTOMATIC_CALL: Usually<Choice<Order>> = setting(
        "automatic_call",
        Choice(&ORDERS),
        "Whether the person of a callback that the queue gives to an agent is called once the agent has taken it, or while his device rings; see [people who are called before an agent](#people-who-are-called-before-an-agent).",
    )
    .or(Order::default);
    AUTOMATIC_ABANDONED_MAX: Usually<Whole> = setting(
        "automatic_abandoned_max",
        whole(ABANDONED_OF_HUNDRED),
        "With `automatic_call = \"before\"`: how many of a hundred people who answer within 24 hours may meet no agent. While as many have, the others are called once an agent has taken it.",
    )
    .or(|| ABANDONED_USUAL);
    AUTOMATIC_WAIT: Usually<Span> = setting(
        "automatic_wait",
        span(AGENT_WITHIN),
        "With `automatic_call = \"before\"`: how long a person who has answered waits for an agent, before he is told that he is called again.",
    )
    .or(|| AGENT_WITHIN_DEFAULT);
    LEASE: Usually<Span> = setting(
        "lease",
        span(Duration::from_secs(10)..=HOUR),
        "How long an agent has an entry for himself without calling.",
    )
    .or(|| usual().lease);
    HANDLING: Usually<Span> = setting(
        "handling",
        span(Duration::from_secs(10)..=HOUR),
        "An agent's time for one call back, while none has been measured: of windows whose room is minutes of agents.",
    )
    .or(|| usual().handling);
    RING: Usually<Span> = setting(
        "ring",
        span(RINGS),
        "How long the person is rung.",
    )
    .or(|| PERSON_RINGS_DEFAULT);
    VOICEMAIL_KEY: Usually<Own<Box<str>>> = setting(
        "voicemail_key",
        FEATURE_CODE,
        "What an agent keys, up to four keys, to say that a machine answered; the call ends.",
    )
    .or(|| VOICEMAIL_KEYS_DEFAULT.into());
    OUTCOMES: Optional<Within> = section("outcomes", &outcomes::HEADING);
    EXPIRE_AFTER: Optional<Span> = setting(
        "expire_after",
        span(HOUR..=Duration::from_secs(365 * 86_400)),
        "How long after its window, or after it was due, an entry is closed that nobody has tried.",
    )
    .unset("never");
    RETENTION: Usually<Span> = setting(
        "retention",
        span(HOUR..=Duration::from_secs(3_650 * 86_400)),
        "How long after it was closed an entry is kept. Then number, input and texts are erased.",
    )
    .or(|| usual().retention);
}

heading! {
    soon "[queues.<name>.callback.soon]";
    ENTRIES: Optional<Whole> = setting(
        "entries",
        whole(ROOM_ENTRIES),
        "So many.",
    )
    .unset("as many as come");
    AGENT_MINUTES: Optional<Whole> = setting(
        "agent_minutes",
        whole(ROOM_AGENT_MINUTES),
        "As many as are reckoned to cost agents so many minutes, at the mean of calls back or at `handling`.",
    )
    .unset("as many as come");
}

heading! {
    window "[queues.<name>.callback.windows.<name>]", also recurrence;
    HOURS: Required<Own<Vec<Interval>>> = setting(
        "hours",
        INTERVALS,
        "When it is on its days; each interval is a choice of its own. Only those within the queue's opening hours are \
         offered, and until they begin.",
    )
    .needed("say when it is: hours = [\"13:00-15:00\"]");
    DAYS_AHEAD: Optional<List<Whole>> = setting(
        "days_ahead",
        list("list of 0 to 13", AHEAD_MAX, whole(AHEAD)),
        "How many days before it may be chosen: 0 on the day itself, 1 on the day before. `[1]` is tomorrow's alone.",
    )
    .unset("`[0, 1]`");
    PROMPT: Optional<Text> = setting(
        "prompt",
        Text("prompt"),
        "A recording of its name, said in place of day and time; where it may be chosen on several days, it has to say \
         nothing of the day.",
    )
    .unset("day and time are said");
    ENTRIES: Optional<Whole> = setting(
        "entries",
        whole(ROOM_ENTRIES),
        "How many it takes, each time.",
    )
    .unset("as many as come");
    AGENT_MINUTES: Optional<Whole> = setting(
        "agent_minutes",
        whole(ROOM_AGENT_MINUTES),
        "As many as are reckoned to cost agents so many minutes.",
    )
    .unset("as many as come");
}

heading! {
    customer_number "[queues.<name>.callback.customer_number]";
    DIGITS_MIN: Usually<Whole> = setting(
        "digits_min",
        whole(1..=CUSTOMER_DIGITS_MAX as u32),
        "How many digits it has at least.",
    )
    .or(|| 1);
    DIGITS_MAX: Usually<Whole> = setting(
        "digits_max",
        whole(1..=CUSTOMER_DIGITS_MAX as u32),
        "And at most.",
    )
    .or(|| CUSTOMER_DIGITS_MAX as u32);
}

heading! {
    outcomes "[queues.<name>.callback.outcomes]";
    REACHED: Optional<Within> = setting(
        "reached",
        Within(&outcome::HEADING),
        "The two have talked.",
    )
    .unset("`then = \"close\"`");
    BUSY: Optional<Within> = setting(
        "busy",
        Within(&outcome::HEADING),
        "The line was busy.",
    )
    .unset("again after 5m, 5 attempts");
    NO_ANSWER: Optional<Within> = setting(
        "no_answer",
        Within(&outcome::HEADING),
        "Nobody answered; also for calls that failed.",
    )
    .unset("again after 30m, 3 attempts");
    VOICEMAIL: Optional<Within> = setting(
        "voicemail",
        Within(&outcome::HEADING),
        "A machine answered.",
    )
    .unset("again after 1h, 3 attempts");
    WRONG_NUMBER: Optional<Within> = setting(
        "wrong_number",
        Within(&outcome::HEADING),
        "Somebody else answered.",
    )
    .unset("`then = \"close\"`");
}

heading! {
    outcome "[queues.<name>.callback.outcomes.busy]";
    THEN: Optional<Choice<Then>> = setting(
        "then",
        Choice(&THENS),
        "What becomes of the entry unless the agent says otherwise.",
    )
    .unset(AS_ABOVE);
    DELAY: Optional<Span> = setting(
        "delay",
        span(Duration::ZERO..=Duration::from_secs(30 * 86_400)),
        "How long after the attempt the person may be called again.",
    )
    .unset(AS_ABOVE);
    ATTEMPTS: Optional<Whole> = setting(
        "attempts_max",
        whole(1..=ATTEMPTS_MAX as u32),
        "How many attempts may end so; with the last one the entry is given up.",
    )
    .unset(AS_ABOVE);
}
