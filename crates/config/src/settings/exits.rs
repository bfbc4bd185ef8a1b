//! The settings of a queue that say when its callers go elsewhere, and where.

use super::queues::{PROMPT_OR_NONE, WAITING};
use super::*;
use crate::destination::Place;
use crate::kinds::{Boolean, Choice, Span, Text, Whole, span, whole};
use crate::setting::{Optional, Required, Usually, heading, setting};
use acd::WaitOf;
use std::time::Duration;

heading! {
    full "[queues.<name>.full]";
    MESSAGE: Optional<Text> = setting(
        "message",
        PROMPT_OR_NONE,
        "Said first.",
    );
    THEN: Optional<Place> = setting("then", Place,
        "Where the caller goes then, written as numbers write it.",
    )
    .unset("busy");
}

heading! {
    no_agents "[queues.<name>.no_agents]";
    MESSAGE: Optional<Text> = setting(
        "message",
        PROMPT_OR_NONE,
        "Said first.",
    );
    THEN: Optional<Place> = setting("then", Place,
        "Where the caller goes then.",
    )
    .unset("busy");
    WAITING: Usually<Boolean> = setting(
        "waiting",
        Boolean,
        "Whether those go too who wait already when it comes to that.",
    )
    .or(|| false);
}

/// How long a caller may be left waiting, and how long a load may be looked at.
const HOURS: Duration = Duration::from_secs(4 * 3_600);

heading! {
    timed_out "[queues.<name>.timed_out]";
    AFTER: Required<Span> = setting(
        "after",
        span(SECOND..=HOURS),
        "In this queue, whatever he waited in others. Whoever waits when it is changed keeps the time that he \
         came with.",
    )
    .needed("say how long he may wait: after = \"5m\"");
    MESSAGE: Optional<Text> = setting(
        "message",
        PROMPT_OR_NONE,
        "Said first.",
    );
    THEN: Optional<Place> = setting("then", Place,
        "Where the caller goes then.",
    )
    .unset("the call ends");
}

const WAIT_OF: [(&str, WaitOf); 2] = [("average", WaitOf::Average), ("longest", WaitOf::Longest)];

heading! {
    close_when "[queues.<name>.close_when]";
    WAITING: Optional<Whole> = setting(
        "waiting",
        whole(super::WAITING),
        "Callers who wait or are being offered.",
    );
    WAIT: Optional<Span> = setting(
        "wait",
        span(SECOND..=HOURS),
        "A wait.",
    );
    OF: Usually<Choice<WaitOf>> = setting(
        "of",
        Choice(&WAIT_OF),
        "Which wait: the mean over the calls answered in the last 15 minutes and the waits so far of those \
         who wait, or that of whoever has waited longest.",
    )
    .or(WaitOf::default);
}

/// How long a queue stays below its lower marks before it opens, unless set: a few callers who give up at once are
/// no sign that it has become calm.
const HELD: Duration = Duration::from_secs(60);

heading! {
    open_when "[queues.<name>.open_when]";
    WAITING: Optional<Whole> = setting(
        "waiting",
        whole(super::WAITING),
        "As there, and not above it.",
    )
    .unset("three quarters of that of `close_when`");
    WAIT: Optional<Span> = setting(
        "wait",
        span(SECOND..=HOURS),
        "The same.",
    )
    .unset("three quarters of that of `close_when`");
    FOR: Usually<Span> = setting(
        "for",
        span(Duration::ZERO..=HOURS),
        "For how long.",
    )
    .or(|| HELD);
}
