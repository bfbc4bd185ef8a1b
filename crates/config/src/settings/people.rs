//! The settings of people, groups of them, menus and numbers: who is reached, and the places that calls are led to.

use super::server::CONTACTS_MAX_MOST;
use super::*;
use crate::address::{EXTENSION, PUBLIC_NUMBER};
use crate::destination::Place;
use crate::kinds::{
    Boolean, Choice, Either, Hash, List, Named, Own, Span, Text, Whole, Within, list, span, whole,
};
use crate::outward::SHOWS;
use crate::reach::CALLER;
use crate::scope::LANGUAGES;
use crate::setting::{Optional, Required, Usually, UsuallyMany, heading, setting};
use acd::{Licence, Priority, SKILL_LEVEL_MAX};
use call::outward::CallerId;
use call::settings::{CallerPattern, Devices, GroupPolicy, Language};
use control::Role;
use sip_core::digest::Algorithm;
use std::time::Duration;

const ROLES: [(&str, Role); 3] = [
    ("agent", Role::Agent),
    ("supervisor", Role::Supervisor),
    ("administrator", Role::Administrator),
];

/// Words for licences, here and wherever they are told.
pub const LICENCES: [(&str, Licence); 4] = [
    ("basic", Licence::Basic),
    ("pro", Licence::Pro),
    ("business", Licence::Business),
    ("enterprise", Licence::Enterprise),
];

const DEVICES_WORDS: [(&str, Devices); 2] = [("all", Devices::All), ("newest", Devices::Newest)];

/// Numbers that a user's phone may choose among, at most: one each of those it has lines for.
const PICKED_MAX: usize = 16;

/// How able somebody is, or has to be.
pub(crate) const LEVEL: Whole = whole(0..=SKILL_LEVEL_MAX as u32);

/// Levels by skill.
pub(crate) const SKILLS: Named = Named::values("levels by skill", &LEVEL);

heading! {
    user "[users.<name>]";
    PASSWORD: Optional<Text> = setting(
        "password",
        Text("text"),
        "What the phone registers with. A change takes effect with its next registration. Allowed, with a \
         warning, while SIP is spoken on this machine only; beyond it the server wants the hashes.",
    )
    .unset("");
    WEB_PASSWORD_HASH: Optional<Own<Box<str>>> = setting(
        "web_password_hash",
        crate::web_accounts::PASSWORD_HASH,
        "What he logs in with by HTTP, as Argon2id, where that is another than the phone's: `kolapp secret --web` asks for \
         it and prints the line.",
    )
    .unset("the phone's");
    HA1_MD5: Optional<Hash> = setting(
        "ha1_md5",
        Hash(Algorithm::Md5),
        "Instead of the password, together with the next: `kolapp secret anna@sip.example.com` asks for it \
         and prints both. They hold for that name and domain only.",
    )
    .unset("");
    HA1_SHA256: Optional<Hash> = setting(
        "ha1_sha256",
        Hash(Algorithm::Sha256),
        "See `ha1_md5`.",
    )
    .unset("");
    EXTENSION: Optional<Own<Box<str>>> = setting(
        "extension",
        super::EXTENSION,
        "The internal number, 1 to 15 digits.",
    );
    NAME: Optional<Text> = setting(
        "name",
        Text("text"),
        "Shown on phones that are called.",
    );
    DEVICES: Usually<Choice<Devices>> = setting(
        "devices",
        Choice(&DEVICES_WORDS),
        "Which of the person's phones ring when he is called or offered a caller. With `\"all\"`, those with \
         the highest `q` first, and the others with them after ten seconds; the first to answer ends the \
         rest. Declining on one phone counts for all; busy on one does not.",
    )
    .or(Devices::default);
    CONTACTS_MAX: Optional<Whole> = setting(
        "contacts_max",
        whole(1..=CONTACTS_MAX_MOST),
        "Devices of this person at once.",
    )
    .unset("the server's");
    PLAN: Optional<Text> = setting(
        "plan",
        Text("plan"),
        "Which numbers outside the person may call.",
    )
    .unset("the organisation's");
    CALLER_ID: Optional<Own<CallerId>> = setting(
        "caller_id",
        SHOWS,
        "The number shown when the person calls outside.",
    )
    .unset("the organisation's");
    MOBILE: Optional<Text> = setting(
        "mobile",
        Text("number in quotes"),
        "His mobile, on which he may take calls from queues: he chooses it by code (`device_mobile`) or \
         `kolapp ctl agent device NAME mobile`. It is called over a trunk on the queue's account (its \
         `plan`), within the queue's `ring`; whoever answers is asked to press 1 within 15 seconds, so that \
         no voicemail gets a caller.",
    );
    INTERCOM: Usually<Boolean> = setting(
        "intercom",
        Boolean,
        "Whether the `intercom` code makes the person's phone answer by itself.",
    )
    .or(|| true);
    LICENCE: Usually<Choice<Licence>> = setting(
        "licence",
        Choice(&LICENCES),
        "What the person is sold as. A `basic` one can't log in to a queue of the kind `ko-plus`: by code he \
         hears so, a reload logs him out. Whoever else is a member of one is billed (`kolapp report \
         licences`).",
    )
    .or(Licence::default);
    SKILLS: Optional<Named> = setting(
        "skills",
        super::SKILLS,
        "What the person is able to: `{ swedish = 8 }`, each from 0 to 10. Queues ask for them with \
         `requires`.",
    );
    FORWARD: Optional<Within> = setting(
        "forward",
        Within(&forward::HEADING),
        "Where the person's calls go instead of to his phones.",
    )
    .unset("see below");
    CALLER_IDS: UsuallyMany<Own<Box<str>>> = setting(
        "caller_ids",
        list("list of numbers", PICKED_MAX, PUBLIC_NUMBER),
        "Numbers that the person's phone may choose to show instead, at most 16 ([below](#who-calls-whom)).",
    )
    .or(Vec::new);
    CALLER_NAME: Optional<Text> = setting(
        "caller_name",
        Text("text"),
        "The name that goes out beside the number.",
    )
    .unset("the organisation's");
    ROLE: Usually<Choice<Role>> = setting(
        "role",
        Choice(&ROLES),
        "What the person may do: an agent changes his own state, a supervisor that of all agents, an \
         administrator also settings.",
    )
    .or(Role::default);
}

const FORWARDED_TO: Text = Text("extension or number in quotes");

heading! {
    forward "[users.<name>.forward]";
    ALWAYS: Optional<Text> = setting(
        "always",
        FORWARDED_TO,
        "Every call; none of the person's phones rings.",
    );
    BUSY: Optional<Text> = setting(
        "busy",
        FORWARDED_TO,
        "When the person is busy, or declines.",
    );
    NO_ANSWER: Optional<Text> = setting(
        "no_answer",
        FORWARDED_TO,
        "When nobody answers in time.",
    );
    UNREACHABLE: Optional<Text> = setting(
        "unreachable",
        FORWARDED_TO,
        "When none of the person's phones can be reached.",
    )
    .unset("as `no_answer`");
    NO_ANSWER_AFTER: Optional<Span> = setting(
        "no_answer_after",
        span(RINGS),
        "How long the person's phones ring.",
    )
    .unset("the organisation's `ring`");
}

/// Routes of one number at most, and callers of one route.
const ROUTES_MAX: usize = 64;
const CALLERS_MAX: usize = 1_000;

heading! {
    /// Where somebody is led.
    place "place", one of QUEUE USER GROUP MENU MESSAGE NUMBER OUTSIDE;
    QUEUE: Optional<Text> = setting(
        "queue",
        Text("queue"),
        "To this queue.",
    )
    .unset("");
    PRIORITY: Optional<Whole> = setting(
        "priority",
        whole(0..=Priority::MAX as u32),
        "Beside `queue`: how far he goes before others there. He keeps it where he is sent on.",
    )
    .unset("what the caller has");
    REQUIRES: Optional<Named> = setting(
        "requires",
        SKILLS,
        "Beside `queue`: what he asks for of his own, beside what the queue asks for; of each skill the higher level \
         counts. He keeps it where he is sent on; `requires = {}` takes it from him. What is his own counts until the \
         last step that the queue widens to, and for as long as he waits where it never widens; where none of the members is ever able to it, it does not count.",
    )
    .unset("what the caller asks for");
    USER: Optional<Text> = setting(
        "user",
        Text("user"),
        "To this person's phones.",
    )
    .unset("");
    GROUP: Optional<Text> = setting(
        "group",
        Text("group"),
        "To this group.",
    )
    .unset("");
    MENU: Optional<Text> = setting(
        "menu",
        Text("menu"),
        "To this menu.",
    )
    .unset("");
    MESSAGE: Optional<Text> = setting(
        "message",
        Text("prompt"),
        "This is said. A caller who was not answered yet hears it as early media and is then refused (480).",
    )
    .unset("");
    THEN: Optional<Place> = setting("then", Place,
        "Where the caller goes after the `message`.",
    )
    .unset("the call ends");
    NUMBER: Optional<Text> = setting(
        "number",
        Text("number"),
        "Wherever that number of the organisation's leads.",
    )
    .unset("");
    OUTSIDE: Optional<Text> = setting(
        "outside",
        Text("number in quotes"),
        "A number outside is called, with the plan and number of the organisation. So a caller from outside \
         may come to a number outside where you say so here, and nowhere else.",
    )
    .unset("");
}

heading! {
    number "[numbers]", also place;
    ROUTES: Optional<List<Within>> = setting(
        "routes",
        list("list of routes", ROUTES_MAX, Within(&route::HEADING)),
        "Looked at first, in order; the first that holds decides.",
    );
}

heading! {
    route "[numbers] routes", also place;
    OPEN: Optional<Text> = setting(
        "open",
        Text("hours"),
        "While these are open.",
    )
    .unset("");
    CLOSED: Optional<Text> = setting(
        "closed",
        Text("hours"),
        "While these are closed. If the route leads to a message, a closed day's own message is said instead \
         of it.",
    )
    .unset("");
    FROM: Optional<List<Own<CallerPattern>>> = setting(
        "from",
        list("list of callers", CALLERS_MAX, CALLER),
        "A whole number, the start of one with `*` behind it, or `\"withheld\"` for callers who show none.",
    )
    .unset("");
}

/// Members of one group at most: more people than these want a queue, which rings only those who are free.
const MEMBERS_MAX: usize = 16;

/// How long they ring, unless set.
pub(crate) const RING_ALL: Duration = Duration::from_secs(30);

/// The same of each, where it is one after another.
pub(crate) const RING_IN_ORDER: Duration = Duration::from_secs(15);

const POLICIES: [(&str, GroupPolicy); 2] = [
    ("all", GroupPolicy::All),
    ("in-order", GroupPolicy::InOrder),
];

heading! {
    group "[groups.<name>]";
    NAME: Optional<Text> = setting(
        "name",
        Text("text"),
        "Shown on the members' phones beside the caller's.",
    )
    .unset("the group's name");
    EXTENSION: Optional<Own<Box<str>>> = setting(
        "extension",
        super::EXTENSION,
        "The internal number.",
    );
    MEMBERS: Required<List<Text>> = setting(
        "members",
        list("list of users and numbers", MEMBERS_MAX, Text("user or number")),
        "Who is rung, at most 16: users by name, and numbers outside, such as `\"+46701234567\"`, with the \
         organisation's plan and on its account. A member who calls the group himself is not rung; nobody's \
         forwards hold.",
    )
    .needed("name who is rung: members = [\"anna\", \"bosse\"]");
    POLICY: Usually<Choice<GroupPolicy>> = setting(
        "policy",
        Choice(&POLICIES),
        "All at once, or one after another in the order written.",
    )
    .or(GroupPolicy::default);
    RING: Optional<Span> = setting(
        "ring",
        span(RINGS),
        "How long their phones ring; each one's, where they are rung in order.",
    )
    .unset("`\"30s\"`, in order `\"15s\"`");
    THEN: Optional<Place> = setting("then", Place,
        "Where the caller goes when nobody answers: busy, declined, unreachable or too long.",
    )
    .unset("the call ends");
}

/// Times that the prompt of a menu may be heard.
const TRIES_MAX: u32 = 10;

/// Says that the prompt is heard again, in place of a place.
pub(crate) const AGAIN: Choice<()> = Choice(&[("repeat", ())]);

/// What a key leads to.
const KEY: Either = Either {
    one: &AGAIN,
    other: &Place,
};

heading! {
    menu "[menus.<name>]";
    EXTENSION: Optional<Own<Box<str>>> = setting(
        "extension",
        super::EXTENSION,
        "The internal number.",
    );
    PROMPT: Required<Text> = setting(
        "prompt",
        Text("prompt"),
        "What there is to choose from.",
    )
    .needed("name what callers hear there: prompt = \"our-menu\"");
    LANGUAGE: Optional<Choice<Language>> = setting(
        "language",
        Choice(&LANGUAGES),
        "Language of its prompts.",
    )
    .unset("the organisation's");
    KEYS: Optional<Named> = setting(
        "keys",
        Named::values("table of `\"0\"`–`\"9\"`, `\"*\"`, `\"#\"`", &KEY).called(KEYS_NAMES),
        "Where each key leads, or `\"repeat\"` to hear the prompt again.",
    )
    .unset("");
    DIAL_EXTENSIONS: Usually<Boolean> = setting(
        "dial_extensions",
        Boolean,
        "Whether internal numbers may be dialled too. A key that starts one waits three seconds for more, or \
         for `#`.",
    )
    .or(|| false);
    BARGE_IN: Usually<Boolean> = setting(
        "barge_in",
        Boolean,
        "Whether a key cuts the prompt off. With false, what is pressed counts once the prompt has been \
         heard.",
    )
    .or(|| true);
    TIMEOUT: Usually<Span> = setting(
        "timeout",
        span(SECOND..=Duration::from_secs(60)),
        "How long a caller has after the prompt.",
    )
    .or(|| SECOND * 5);
    INVALID: Usually<Text> = setting(
        "invalid",
        Text("prompt or `\"none\"`"),
        "Said before the prompt is heard again, when a key means nothing.",
    )
    .or(|| "menu-invalid".into());
    TRIES: Usually<Whole> = setting(
        "tries",
        whole(1..=TRIES_MAX),
        "How often the prompt is heard in all: a key that means nothing and no key in time take one each.",
    )
    .or(|| 3);
    TIMEOUT_GOES_TO: Optional<Place> = setting("timeout_goes_to", Place,
        "Where a caller goes who pressed nothing at the last try.",
    )
    .unset("`default`");
    DEFAULT: Optional<Place> = setting("default", Place,
        "Where a caller goes who has chosen nothing.",
    )
    .unset("the call ends");
}
