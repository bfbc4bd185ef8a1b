//! The settings of an organisation as a whole: its head, who may call which numbers, what holds for all agents, and
//! what is dialled.

use super::*;
use crate::address::{AREA_CODE, DOMAIN, FEATURE_CODE, PUBLIC_NUMBER};
use crate::hours::ZONE;
use crate::kinds::{
    Boolean, Choice, List, Named, Own, Span, Text, Whole, Within, list, span, whole,
};
use crate::organisation::Met;
use crate::outward::SHOWS;
use crate::quick_close::PinDigits;
use crate::scope::{LANGUAGES, MUSIC};
use crate::setting::{
    Optional, Required, Usually, UsuallyMany, heading, section, sections, sections_by, setting,
};
use acd::{AgentRules, Counted, Sidelining, WRAP_UP_MAX};
use call::outward::{
    CALLS_AT_ONCE_DEFAULT, CALLS_PER_HOUR_DEFAULT, CallerId, Class, MINUTES_PER_DAY_DEFAULT,
    MobilesShow,
};
use call::settings::{Language, Messages, TransferFailed};
use std::ops::RangeInclusive;
use std::time::Duration;

const TRANSFER_FAILED_WORDS: [(&str, TransferFailed); 2] = [
    ("ring-back", TransferFailed::RingBack),
    ("end", TransferFailed::End),
];

/// Words for what becomes of text messages.
const MESSAGES_WORDS: [(&str, Messages); 2] =
    [("deliver", Messages::Deliver), ("refuse", Messages::Refuse)];

const OUTSIDE_REFUSED_WORDS: [(&str, Met); 2] = [("status", Met::Refused), ("message", Met::Told)];

const UNKNOWN_NUMBER_WORDS: [(&str, Met); 2] = [("404", Met::Refused), ("message", Met::Told)];

/// How long an extension rings by default.
const RING_USUAL: Duration = Duration::from_secs(30);

/// Numbers that may be shown beside an organisation's own, at most.
const SHOWN_MAX: usize = 1_000;

/// What calls, channels and minutes may be bounded to; more is no bound on anything.
const BOUNDS: RangeInclusive<u32> = 1..=1_000_000;

/// A whole number that bounds something.
pub(crate) const BOUND: Whole = whole(BOUNDS);

heading! {
    /// What the files of an organisation hold, laid together.
    organisation_files "organisation.toml";
    ORGANISATION: Optional<Within> = section("organisation", &head::HEADING);
    USERS: Optional<Named> = sections("users", &user::HEADING);
    QUEUES: Optional<Named> = sections("queues", &queue::HEADING);
    NUMBERS: Optional<Named> = sections_by("numbers", Named::tables(&number::HEADING).called(NUMBER_NAMES));
    QUEUE_GROUPS: Optional<Named> = setting("queue_groups", Named::values("lists of queues by name", &QUEUE_GROUP), "Names for several queues that are closed together.");
    HOURS: Optional<Named> = sections("hours", &hours::HEADING);
    MENUS: Optional<Named> = sections("menus", &menu::HEADING);
    GROUPS: Optional<Named> = sections("groups", &group::HEADING);
    TRUNKS: Optional<Named> = sections("trunks", &trunk::HEADING);
    PLANS: Optional<Named> = sections("plans", &plan::HEADING);
    AGENTS: Optional<Within> = section("agents", &agents::HEADING);
    PAUSE_REASONS: Optional<Named> = setting("pause_reasons", Named::values("words by digit", &PAUSE_REASON).called("^[0-9]$"), "Why agents pause, by what is dialled behind the code for pausing.");
    FEATURE_CODES: Optional<Within> = section("feature_codes", &feature_codes::HEADING);
    QUICK_CLOSE: Optional<Within> = section("quick_close", &quick_close::HEADING);
    PROMPTS: Optional<Named> = setting("prompts", Named::values("files by name", &PROMPT_FILE), "The organisation's own prompts.");
    PROMPT_NUMBERS: Optional<Named> = setting("prompt_numbers", Named::values("prompts by number", &PROMPT_NAME).called("^[0-9]{1,4}$"), "Which prompts may be recorded by telephone.");
}

/// What public numbers look like.
const NUMBER_NAMES: &str = r"^\+[1-9][0-9]{4,14}$";

/// Queues of one name, at most as many as are closed in one step.
pub(crate) const QUEUE_GROUP: List<Text> =
    list("list of queues", calendar::QUICK_QUEUES_MAX, Text("queue"));

/// A word for why somebody pauses.
pub(crate) const PAUSE_REASON: Text = Text("text");

/// The file of a prompt.
pub(crate) const PROMPT_FILE: Text = Text("path");

/// The name of a prompt.
pub(crate) const PROMPT_NAME: Text = Text("prompt");

heading! {
    head "[organisation]";
    DOMAIN: Required<Own<Box<str>>> = setting(
        "domain",
        super::DOMAIN,
        "Phones register there: `demo.localhost`. It is also the realm of their passwords, and each \
         organisation has its own.",
    )
    .needed("phones register there: domain = \"sip.example.com\"");
    LANGUAGE: Usually<Choice<Language>> = setting(
        "language",
        Choice(&LANGUAGES),
        "Language of prompts, unless a queue has its own.",
    )
    .or(Language::default);
    RING: Usually<Span> = setting(
        "ring",
        span(RINGS),
        "How long an extension rings when a colleague calls it.",
    )
    .or(|| RING_USUAL);
    OUTSIDE_REFUSED: Usually<Choice<Met>> = setting(
        "outside_refused",
        Choice(&OUTSIDE_REFUSED_WORDS),
        "What a caller meets whose call to a number outside is not made: refused at once, or first told why \
         (prompts `not-allowed` for a plan or limit, `all-busy` where no trunk takes it, `not-in-service` \
         where the number is not there), heard before the call is answered.",
    )
    .or(|| Met::Refused);
    UNKNOWN_NUMBER: Usually<Choice<Met>> = setting(
        "unknown_number",
        Choice(&UNKNOWN_NUMBER_WORDS),
        "What a user meets who dials a number that is not there: refused at once, or first told so (prompt \
         `not-in-service`), heard before the call is answered.",
    )
    .or(|| Met::Refused);
    ZONE: Optional<Own<String>> = setting(
        "zone",
        super::ZONE,
        "Whose clock counts, such as `\"Europe/Stockholm\"`, where opening hours name no other.",
    );
    HOLD_MUSIC: Usually<Text> = setting(
        "hold_music",
        Text("prompt"),
        "Heard by a party of a conversation while the other holds him.",
    )
    .or(|| MUSIC.into());
    TRANSFER_FAILED: Usually<Choice<TransferFailed>> = setting(
        "transfer_failed",
        Choice(&TRANSFER_FAILED_WORDS),
        "Somebody who was sent to a colleague can't be had there, and whoever sent him has hung up: that one \
         is rung, or the call ends.",
    )
    .or(TransferFailed::default);
    COUNTRY: Usually<Text> = setting(
        "country",
        Text("two letters"),
        "Where its people dial: says what `0`, `00` and the like mean, which numbers are mobile, premium or \
         foreign, and which are emergency numbers beside 112.",
    )
    .or(|| "SE".into());
    AREA_CODE: Optional<Own<Box<str>>> = setting(
        "area_code",
        super::AREA_CODE,
        "In front of numbers dialled without any prefix: `\"08\"`.",
    );
    PLAN: Optional<Text> = setting(
        "plan",
        Text("plan"),
        "Which numbers outside may be called by those without a plan of their own, and by the organisation's \
         own settings. Without a plan only emergency numbers.",
    );
    CALLER_ID: Optional<Own<CallerId>> = setting(
        "caller_id",
        SHOWS,
        "The number that is shown when somebody outside is called. One of `[numbers]` or of `shown_numbers`.",
    )
    .unset("`\"withheld\"`");
    CALLER_NAME: Optional<Text> = setting(
        "caller_name",
        Text("text"),
        "The name that goes out beside the number. Most networks drop it.",
    );
    SHOWN_NUMBERS: UsuallyMany<Own<Box<str>>> = setting(
        "shown_numbers",
        list("list of numbers", SHOWN_MAX, PUBLIC_NUMBER),
        "Numbers beside those of `[numbers]` that may be shown.",
    )
    .or(Vec::new);
    CHANNELS: Optional<Whole> = setting(
        "channels",
        BOUND,
        "Calls at once over all trunks, in and out. Without it as many as the trunks have.",
    );
    OUTSIDE: Optional<Within> = setting(
        "outside",
        Within(&outside::HEADING),
        "How much everybody together may call outside.",
    )
    .unset("see below");
    MESSAGES: Usually<Choice<Messages>> = setting(
        "messages",
        Choice(&MESSAGES_WORDS),
        "What becomes of text messages (SIP MESSAGE) between its people: they go to every device of the one \
         who is meant, or are refused with 403.",
    )
    .or(Messages::default);
    DEMO: Usually<Boolean> = setting(
        "demo",
        Boolean,
        "The passwords are known to everybody: the server then refuses to listen on anything but this \
         machine. A password that starts with `demo-` does the same for one account.",
    )
    .or(|| false);
}

heading! {
    outside "[organisation.outside]";
    CALLS_AT_ONCE: Optional<Whole> = setting(
        "calls_at_once",
        BOUND,
        "Calls outside at once.",
    );
    CALLS_PER_HOUR: Optional<Whole> = setting(
        "calls_per_hour",
        BOUND,
        "Calls outside begun within any hour.",
    );
    MINUTES_PER_HOUR: Optional<Whole> = setting(
        "minutes_per_hour",
        BOUND,
        "Minutes talked within any hour.",
    );
    MINUTES_PER_DAY: Optional<Whole> = setting(
        "minutes_per_day",
        BOUND,
        "Minutes talked within any 24 hours.",
    );
}

/// Kinds of numbers a plan may allow; emergency numbers always are.
pub(crate) const CLASSES: [(&str, Class); 6] = [
    ("national", Class::National),
    ("mobile", Class::Mobile),
    ("freephone", Class::Freephone),
    ("shared-cost", Class::SharedCost),
    ("premium", Class::Premium),
    ("international", Class::International),
];

heading! {
    plan "[plans.<name>]";
    ALLOW: Required<List<Choice<Class>>> = setting(
        "allow",
        list("list of kinds", CLASSES.len(), Choice(&CLASSES)),
        "`\"national\"`, `\"mobile\"`, `\"freephone\"`, `\"shared-cost\"`, `\"premium\"` (satellites too), \
         `\"international\"`: any other number of another country.",
    )
    .needed("name what may be called: allow = [\"national\", \"mobile\"]");
    CALLS_AT_ONCE: Usually<Whole> = setting(
        "calls_at_once",
        BOUND,
        "Calls outside that each with this plan has at once.",
    )
    .or(|| CALLS_AT_ONCE_DEFAULT);
    CALLS_PER_HOUR: Usually<Whole> = setting(
        "calls_per_hour",
        BOUND,
        "Calls outside that each begins within any hour, answered or not.",
    )
    .or(|| CALLS_PER_HOUR_DEFAULT);
    MINUTES_PER_HOUR: Optional<Whole> = setting(
        "minutes_per_hour",
        BOUND,
        "Minutes that each talks within any hour.",
    );
    MINUTES_PER_DAY: Usually<Whole> = setting(
        "minutes_per_day",
        BOUND,
        "Minutes that each talks within any 24 hours.",
    )
    .or(|| MINUTES_PER_DAY_DEFAULT);
    FOLLOW_REDIRECTS: Usually<Boolean> = setting(
        "follow_redirects",
        Boolean,
        "Whether calls go where those who are called say (3xx): a user's phone, as if he forwarded; or the \
         network, of a call outside. In the order of their `q`, to where whoever pays may call. Without it \
         they end with 480.",
    )
    .or(|| false);
}

const COUNTED: [(&str, Counted); 2] = [
    ("in-a-row", Counted::InARow),
    ("since-log-in", Counted::SinceLogIn),
];

const SIDELININGS: [(&str, Sidelining); 2] = [
    ("log-out", Sidelining::LogOut),
    ("pause", Sidelining::Pause),
];

const MOBILES_SHOW_WORDS: [(&str, MobilesShow); 2] = [
    ("queue", MobilesShow::Queue),
    ("caller", MobilesShow::Caller),
];

/// Most that may be allowed of what an agent lets callers down by: more is no limit.
const STRIKES_MAX: u32 = 1_000;

heading! {
    agents "[agents]";
    MISSED_MAX: Optional<Whole> = setting(
        "missed_max",
        whole(1..=STRIKES_MAX),
        "An agent who has let so many calls ring takes no more.",
    );
    MISSED_COUNTED: Usually<Choice<Counted>> = setting(
        "missed_counted",
        Choice(&COUNTED),
        "Whether a call that he takes starts the count anew.",
    )
    .or(Counted::default);
    MISSED_ACTION: Usually<Choice<Sidelining>> = setting(
        "missed_action",
        Choice(&SIDELININGS),
        "What becomes of him: logged out of all his queues, or paused.",
    )
    .or(Sidelining::default);
    ERRORS_MAX: Optional<Whole> = setting(
        "errors_max",
        whole(1..=STRIKES_MAX),
        "The same of offers in a row that his phone or the network failed.",
    );
    ERRORS_ACTION: Usually<Choice<Sidelining>> = setting(
        "errors_action",
        Choice(&SIDELININGS),
        "What becomes of him then.",
    )
    .or(Sidelining::default);
    MOBILES_SHOW: Usually<Choice<MobilesShow>> = setting(
        "mobiles_show",
        Choice(&MOBILES_SHOW_WORDS),
        "What an agent's mobile shows when it rings for a caller: the queue's number (its `caller_id`), or \
         the caller's, where he shows one. Some providers take only numbers of your own.",
    )
    .or(MobilesShow::default);
    WRAP_UP_EXTENSION: Usually<Span> = setting(
        "wrap_up_extension",
        span(Duration::from_secs(1)..=WRAP_UP_MAX),
        "How much longer wrap-up time lasts when an agent extends it; its rest is an hour at most.",
    )
    .or(|| AgentRules::default().wrap_up_extension);
}

/// A code that is dialled.
type Code = Optional<Own<Box<str>>>;

heading! {
    feature_codes "[feature_codes]";
    LOG_IN: Code = setting(
        "log_in",
        FEATURE_CODE,
        "Log in to all one's queues; with a queue's extension behind it, such as `*111000`, to that one.",
    );
    LOG_OUT: Code = setting(
        "log_out",
        FEATURE_CODE,
        "Log out of all, or of one in the same way.",
    );
    PAUSE: Code = setting(
        "pause",
        FEATURE_CODE,
        "Take no calls for a while; with a digit behind it, such as `*131`, for that reason \
         (`[pause_reasons]`).",
    );
    RESUME: Code = setting(
        "resume",
        FEATURE_CODE,
        "End the pause.",
    );
    WRAP_UP_END: Code = setting(
        "wrap_up_end",
        FEATURE_CODE,
        "Be free before wrap-up time is over.",
    );
    WRAP_UP_EXTEND: Code = setting(
        "wrap_up_extend",
        FEATURE_CODE,
        "Have more wrap-up time, by `wrap_up_extension`.",
    );
    DEVICE_PHONE: Code = setting(
        "device_phone",
        FEATURE_CODE,
        "Take calls from queues on one's phones.",
    );
    DEVICE_MOBILE: Code = setting(
        "device_mobile",
        FEATURE_CODE,
        "Take them on one's mobile, where the settings have one.",
    );
    DEVICE_BOTH: Code = setting(
        "device_both",
        FEATURE_CODE,
        "Take them on both: all ring, and the first to answer has the caller. A mobile that is hung up without the key \
         leaves the others ringing: it may have been voicemail.",
    );
    DEVICE_DESK_PHONE: Code = setting(
        "device_desk_phone",
        FEATURE_CODE,
        "Take them on one's desk phones alone: what has registered and is neither a softphone (`softphones` of `[registrations]`) nor a \
         browser.",
    );
    DEVICE_SOFTPHONE: Code = setting(
        "device_softphone",
        FEATURE_CODE,
        "Take them on one's softphones alone.",
    );
    DEVICE_BROWSER: Code = setting(
        "device_browser",
        FEATURE_CODE,
        "Take them in one's browser alone: what has registered over a WebSocket.",
    );
    AGENT_STATUS: Code = setting(
        "agent_status",
        FEATURE_CODE,
        "Hear in which queues one is logged in, whether one is free, paused or in wrap-up, and, of one who has a \
         mobile or has chosen one kind of phone, where calls from queues come to.",
    );
    DO_NOT_DISTURB_ON: Code = setting(
        "do_not_disturb_on",
        FEATURE_CODE,
        "The person's phones don't ring: whoever calls him is told busy, or goes where his forward says; his \
         groups ring the others. Queues go on: they have pauses.",
    );
    DO_NOT_DISTURB_OFF: Code = setting(
        "do_not_disturb_off",
        FEATURE_CODE,
        "They ring again.",
    );
    FORWARD_ALWAYS: Code = setting(
        "forward_always",
        FEATURE_CODE,
        "With a number behind it, such as `*210701234567` or `*21103`, all the person's calls go there; \
         alone, none do, whatever the settings say.",
    );
    FORWARD_BUSY: Code = setting(
        "forward_busy",
        FEATURE_CODE,
        "The same of calls that find him busy.",
    );
    FORWARD_NO_ANSWER: Code = setting(
        "forward_no_answer",
        FEATURE_CODE,
        "The same of calls that nobody answers.",
    );
    FORWARD_UNREACHABLE: Code = setting(
        "forward_unreachable",
        FEATURE_CODE,
        "The same of calls that reach none of his phones.",
    );
    FORWARD_OFF: Code = setting(
        "forward_off",
        FEATURE_CODE,
        "None of the person's calls goes elsewhere.",
    );
    PICK_UP: Code = setting(
        "pick_up",
        FEATURE_CODE,
        "Take the call that rings at a colleague's: with his extension behind it, such as `*8101`; alone, one \
         that rings at another member of a group of one's own.",
    );
    INTERCOM: Code = setting(
        "intercom",
        FEATURE_CODE,
        "With an extension behind it, such as `*80101`, call a colleague whose phone is asked to answer by \
         itself, wherever his calls go.",
    );
    RECORD_PROMPT: Code = setting(
        "record_prompt",
        FEATURE_CODE,
        "With a prompt's number behind it, such as `*201`, record it: by an administrator.",
    );
    LISTEN_TO_PROMPT: Code = setting(
        "listen_to_prompt",
        FEATURE_CODE,
        "With a prompt's number behind it, hear it: by a supervisor or an administrator.",
    );
    QUICK_CLOSE: Code = setting(
        "quick_close",
        FEATURE_CODE,
        "Close queues for a while, or end that: by whoever knows the PIN of `[quick_close]`.",
    );
    LIST_LOG_IN: Code = setting(
        "list_log_in",
        FEATURE_CODE,
        "Staff all one's callback lists; with a queue's extension behind it, such as `*411000`, that queue's.",
    );
    LIST_LOG_OUT: Code = setting(
        "list_log_out",
        FEATURE_CODE,
        "Staff none, or one no longer in the same way.",
    );
    LIST_NEXT: Code = setting(
        "list_next",
        FEATURE_CODE,
        "Take the callback whose turn it is on the lists that one staffs, or on one in the same way: one's phone \
         rings for it when one has hung up.",
    );
}

heading! {
    quick_close "[quick_close]";
    PIN: Required<PinDigits> = setting(
        "pin",
        PinDigits,
        "What is keyed first. It is in no log and no message; let nobody else read the file.",
    )
    .needed("choose digits that only those know who may close queues: pin = \"…\"");
    GROUP: Optional<Text> = setting(
        "group",
        Text("group of queues"),
        "Which are closed: those of a group of `[queue_groups]`, else those that whoever dials is a member \
         of.",
    )
    .unset("the caller's own queues");
}
