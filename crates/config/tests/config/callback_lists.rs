//! What is written of callback lists, seen in what the lists do: each test runs them by the settings that were read.

use crate::common::{ORGANISATION, Sandbox};
use base::{CallId, CallbackId, Core, OrgId, QueueId, ShardId, Time, UserId, WallClock};
use calendar::QuickCloses;
use call::called_back::{Choice, Dialogue, Place, Settled, Step};
use call::settings::{CallbackPrompts, CallingBackPrompts};
use callback::{
    CallEvent, CallbackCommand, Command, Done, Draft, EntryAction, Given, Input, Lists, Note,
    Order, Output, Refusal, Seen, Stage, Status, Wish,
};
use config::Loaded;
use control::{Principal, Queues, Role, StaffAction, permit};
use media_core::PromptId;
use std::time::Duration;

/// Friday 27 November 2026, ten o'clock in Stockholm.
pub(crate) const TEN: i64 = 1_795_770_000;
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A configuration whose queue calls back, by these lines under its heading.
pub(crate) fn sandbox(lines: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let organisation = ORGANISATION.replace(
        "language = \"en\"",
        "language = \"en\"\nzone = \"Europe/Stockholm\"",
    );
    // Whom it calls is bounded by the plan of the queue.
    let organisation = organisation.replace("[queues.sales]", "[queues.sales]\nplan = \"office\"");
    write_prompts(&sandbox);
    let text = format!("{organisation}\n[queues.sales.callback]\n{lines}\n");
    sandbox.write("config/organisations/acme/acme.toml", text);
    sandbox
}

/// The standard prompts that are heard.
fn write_prompts(sandbox: &Sandbox) {
    let mut names = ["callback-offer", "plus"].map(str::to_owned).to_vec();
    let mut named = |name: &str| {
        names.push(name.to_owned());
        Some(PromptId::new(name))
    };
    CallbackPrompts::named(&mut named);
    CallingBackPrompts::named(&mut named);
    for name in names {
        sandbox.write(&format!("prompts/en/{name}.wav"), "");
    }
    sandbox.write("prompts/music/pause.wav", "");
}

pub(crate) fn queue() -> QueueId {
    "acme/sales".parse().unwrap()
}

fn user(name: &str) -> UserId {
    UserId::new(&OrgId::new("acme").unwrap(), name).unwrap()
}

/// The lists of a configuration, on a clock of ours, with storage that is quick.
struct Floor {
    loaded: Loaded,
    lists: Lists,
    now: Time,
    callers: u32,
}

impl Floor {
    fn open(lines: &str) -> Floor {
        Floor::with(sandbox(lines).loaded())
    }

    fn with(loaded: Loaded) -> Floor {
        let mut floor = Floor {
            lists: Lists::new(),
            now: Time::ZERO,
            callers: 0,
            loaded,
        };
        floor.give(Input::Clock(WallClock::new(Time::ZERO, TEN * 1_000)));
        floor.give(Input::Configure(floor.loaded.callback.clone()));
        floor.tell_hours();
        floor
    }

    /// As whoever runs the lists does when days have passed.
    fn tell_hours(&mut self) {
        let at = TEN + i64::try_from(self.now.since(Time::ZERO).as_secs()).unwrap();
        let Loaded {
            callback_windows,
            directory,
            ..
        } = &self.loaded;
        let hours = callback_windows.hours(&queue(), directory, &QuickCloses::default(), at);
        let queue = queue();
        self.give(Input::Hours { queue, hours });
    }

    fn give(&mut self, input: Input) -> Vec<Command> {
        let mut out = Output::default();
        self.lists.handle(self.now, input, &mut out);
        let stored = out.commands.iter().filter_map(|command| match command {
            Command::Store { token } => Some(*token),
            _ => None,
        });
        if let Some(token) = stored.max() {
            out.commands.extend(self.give(Input::Stored { token }));
        }
        out.commands
    }

    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some((at, _)) = self.lists.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            let mut out = Output::default();
            self.lists.handle_timeout(self.now, &mut out);
        }
        self.now = end;
    }

    fn caller(&mut self) -> CallId {
        self.callers += 1;
        CallId {
            shard: ShardId(1),
            slot: self.callers,
            generation: 0,
        }
    }

    fn is_offered(&mut self, seen: Seen) -> Result<(), Refusal> {
        let call = self.caller();
        let queue = queue();
        let seen = Some(seen);
        match &self.give(Input::AskOffer { call, queue, seen })[..] {
            [Command::Offer { result, .. }] => result.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// What a caller may choose: "soon", or the window and the minutes from ten o'clock until it begins.
    fn choices(&mut self) -> Vec<(String, i64)> {
        let choices = self.wishes().into_iter();
        choices.map(|wish| written(&wish)).collect()
    }

    fn wishes(&mut self) -> Vec<Wish> {
        let (call, queue, number) = (self.caller(), queue(), None);
        match &self.give(Input::AskChoices {
            call,
            queue,
            number,
        })[..]
        {
            [Command::Choices { choices, .. }] => choices.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn draft(&self, wish: Wish) -> Draft {
        Draft {
            queue: queue(),
            number: format!("+467012345{:02}", self.callers).parse().unwrap(),
            given: Given::Shown,
            asked_by: None,
            input: None,
            arrived: self.lists.utc(self.now),
            wish,
        }
    }

    fn accept(&mut self, wish: Wish) -> Result<CallbackId, Refusal> {
        let call = self.caller();
        let draft = Box::new(self.draft(wish));
        let told = self.give(Input::Accept { call, draft });
        let told = told.into_iter().find_map(|command| match command {
            Command::Accepted { result, .. } => Some(result),
            _ => None,
        });
        told.unwrap()
    }

    fn soon(&mut self) -> CallbackId {
        self.accept(Wish::AsSoonAsPossible).unwrap()
    }

    fn act(&mut self, name: &str, command: CallbackCommand) -> Result<Done, Refusal> {
        let by = Principal::User {
            user: user(name),
            role: Role::Agent,
        };
        let command = permit(by, command).unwrap();
        let answers = self.give(Input::Command { ticket: 1, command });
        let answer = answers.into_iter().find_map(|command| match command {
            Command::Answer { result, .. } => Some(result),
            _ => None,
        });
        answer.unwrap()
    }

    fn log_in(&mut self, name: &str) -> Result<Done, Refusal> {
        let action = StaffAction::LogIn(Queues::One(queue()));
        let agent = user(name);
        self.act(name, CallbackCommand::Staff { agent, action })
    }

    fn on(&mut self, name: &str, entry: CallbackId, action: EntryAction) -> Result<Done, Refusal> {
        let list = queue();
        self.act(
            name,
            CallbackCommand::Entry {
                list,
                entry,
                version: None,
                action,
            },
        )
    }

    /// Anna calls, and this comes of it.
    fn try_once(&mut self, entry: CallbackId, event: CallEvent) {
        let done = self.on("anna", entry, EntryAction::Call(user("anna")));
        let Ok(Done::Calling { placing, .. }) = done else {
            panic!("{done:?}");
        };
        let mut events = vec![CallEvent::AgentAnswered];
        if matches!(event, CallEvent::HungUp | CallEvent::Voicemail) {
            events.push(CallEvent::PersonAnswered);
        }
        for event in events.into_iter().chain([event]) {
            self.give(Input::Call { placing, event });
        }
    }

    fn note(&mut self, entry: CallbackId, outcome: Option<callback::Outcome>) {
        let note = Note {
            text: "Tried.".to_owned(),
            outcome,
            then: None,
        };
        let agent = user("anna");
        self.on("anna", entry, EntryAction::Note { agent, note })
            .unwrap();
    }

    fn status(&self, entry: CallbackId) -> Status {
        self.lists.entry(entry).unwrap().status().unwrap()
    }
}

/// How a choice is told in these tests.
fn written(wish: &Wish) -> (String, i64) {
    match wish {
        Wish::AsSoonAsPossible => ("soon".to_owned(), 0),
        Wish::Window(window) => {
            let begins = window.span.from.as_seconds() - TEN;
            (window.name.to_string(), begins / 60)
        }
    }
}

fn told(choices: &[(&str, i64)]) -> Vec<(String, i64)> {
    let choices = choices.iter();
    choices
        .map(|(name, minutes)| ((*name).to_owned(), *minutes))
        .collect()
}

/// Nothing that stands against an offer.
fn busy() -> Seen {
    Seen {
        average_wait: Some(6 * MINUTE),
        expected_wait: Some(11 * MINUTE),
        waiting: 4,
        minute_of_day: 10 * 60,
    }
}

// Changes: queues.callback.enabled
#[test]
fn a_list_that_is_switched_off_offers_nothing_and_is_worked_off() {
    assert_eq!(Floor::open("").is_offered(Seen::default()), Ok(()));
    let sandbox = sandbox("");
    let mut floor = Floor::with(sandbox.loaded());
    let entry = floor.soon();
    sandbox.change(
        "[queues.sales.callback]",
        "[queues.sales.callback]\nenabled = false",
    );
    floor.give(Input::Configure(sandbox.loaded().callback));
    let refused = Err(Refusal::NotOffered(queue()));
    assert_eq!(floor.is_offered(Seen::default()), refused);
    floor.log_in("anna").unwrap();
    floor.try_once(entry, CallEvent::HungUp);
    floor.note(entry, None);
    assert_eq!(floor.status(entry), Status::Done);
}

// Changes: queues.callback.average_wait_over, queues.callback.expected_wait_over
// Changes: queues.callback.waiting_at_least, queues.callback.between
#[test]
fn callers_are_offered_it_while_all_conditions_that_are_set_hold() {
    let mut floor = Floor::open(
        "average_wait_over = \"5m\"\nexpected_wait_over = \"10m\"\nwaiting_at_least = 4\nbetween = \"08:00-15:00\"",
    );
    assert_eq!(floor.is_offered(busy()), Ok(()));
    for seen in [
        Seen {
            average_wait: Some(5 * MINUTE),
            ..busy()
        },
        Seen {
            expected_wait: None,
            ..busy()
        },
        Seen {
            waiting: 3,
            ..busy()
        },
        Seen {
            minute_of_day: 15 * 60,
            ..busy()
        },
        Seen {
            minute_of_day: 8 * 60 - 1,
            ..busy()
        },
    ] {
        let refused = Err(Refusal::Conditions(queue()));
        assert_eq!(floor.is_offered(seen), refused, "{seen:?}");
    }
    let mut night = Floor::open("between = \"22:00-06:00\"");
    assert!(night.is_offered(busy()).is_err());
    let at_one = Seen {
        minute_of_day: 60,
        ..busy()
    };
    assert_eq!(night.is_offered(at_one), Ok(()));
}

// Changes: queues.callback.soon, queues.callback.soon.entries, queues.callback.soon.agent_minutes
// Changes: queues.callback.handling
#[test]
fn as_soon_as_possible_is_offered_to_as_many_as_it_has_room_for() {
    let room = |lines: &str| {
        let mut floor = Floor::open(lines);
        let accepted = (0..5).map_while(|_| floor.accept(Wish::AsSoonAsPossible).ok());
        accepted.count()
    };
    let window = "[queues.sales.callback.windows.later]\ndaily = true\nhours = [\"13:00-15:00\"]";
    assert_eq!(room("soon = true"), 5);
    assert_eq!(room(&format!("soon = false\n{window}")), 0);
    assert_eq!(room("soon = { entries = 2 }"), 2);
    assert_eq!(room("soon = { agent_minutes = 16 }"), 3);
    assert_eq!(room("soon = { agent_minutes = 16 }\nhandling = \"8m\""), 2);
    assert_eq!(room("soon = {}"), 5);
}

// Changes: queues.callback.windows.hours, queues.callback.windows.days_ahead
#[test]
fn windows_are_offered_on_their_days_until_they_begin_and_within_opening_hours() {
    let mut floor = Floor::open(
        "soon = false\n\
         [queues.sales.callback.windows.today]\nweekdays = [\"mon-fri\"]\ndays_ahead = [0]\n\
         hours = [\"08:00-09:00\", \"13:00-14:00\", \"14:00-15:00\"]\n\
         [queues.sales.callback.windows.tomorrow]\ndaily = true\ndays_ahead = [1]\nhours = [\"08:00-12:00\"]\n\
         [queues.sales.callback.windows.monday]\nweekdays = [\"mon\"]\ndays_ahead = [1, 2, 3, 4]\nhours = [\"08:00-12:00\"]\n\
         [queues.sales.callback.windows.night]\ndaily = true\nhours = [\"22:00-02:00\"]",
    );
    let of_friday = [
        ("today", 3 * 60),
        ("today", 4 * 60),
        ("night", 12 * 60),
        ("tomorrow", 22 * 60),
        ("night", 36 * 60),
        ("monday", 70 * 60),
    ];
    assert_eq!(floor.choices(), told(&of_friday));
    floor.pass(3 * 60 * MINUTE);
    assert_eq!(floor.choices(), told(&of_friday[1..]));
    floor.pass(DAY);
    floor.tell_hours();
    let of_saturday = [
        ("night", 36 * 60),
        ("tomorrow", 46 * 60),
        ("night", 60 * 60),
        ("monday", 70 * 60),
    ];
    assert_eq!(floor.choices(), told(&of_saturday));
}

#[test]
fn a_window_that_is_not_within_opening_hours_is_not_offered_nor_anything_soon_while_it_is_closed() {
    let sandbox = sandbox(
        "[queues.sales.callback.windows.any]\ndaily = true\n\
         hours = [\"09:00-10:00\", \"11:00-12:00\", \"12:30-13:30\", \"16:00-18:00\"]\n\
         [hours.office]\nrules = [{ weekdays = [\"mon-fri\"], hours = [\"11:00-13:00\", \"13:00-17:00\"] }]",
    );
    sandbox.change(
        "extension = \"1000\"",
        "extension = \"1000\"\nhours = \"office\"",
    );
    let mut floor = Floor::with(sandbox.loaded());
    assert_eq!(floor.choices(), told(&[("any", 60), ("any", 150)]));
    floor.pass(90 * MINUTE);
    assert_eq!(floor.choices(), told(&[("soon", 0), ("any", 150)]));
}

#[test]
fn a_window_keeps_its_clock_times_when_the_clocks_are_put_forward() {
    let sandbox = sandbox(
        "[queues.sales.callback.windows.tomorrow]\ndaily = true\ndays_ahead = [1]\nhours = [\"08:00-12:00\"]",
    );
    let loaded = sandbox.loaded();
    let (directory, none) = (&loaded.directory, QuickCloses::default());
    // Saturday 28 March and Saturday 4 April 2026, noon UTC.
    for (noon, begins) in [(1_774_699_200, 18), (1_775_304_000, 18)] {
        let windows = &loaded.callback_windows;
        let hours = windows.hours(&queue(), directory, &none, noon);
        let spans = hours.windows.iter().map(|it| {
            let hours = |at: callback::Utc| (at.as_seconds() - noon) / 3_600;
            (hours(it.span.from), hours(it.span.until))
        });
        assert_eq!(spans.collect::<Vec<_>>(), [(begins, begins + 4)]);
    }
}

// Changes: queues.callback.windows.entries, queues.callback.windows.agent_minutes
#[test]
fn a_window_takes_as_many_as_it_has_room_for_each_time() {
    let room = |line: &str| {
        let mut floor = Floor::open(&format!(
            "soon = false\n[queues.sales.callback.windows.noon]\ndaily = true\nhours = [\"12:00-13:00\"]\n{line}"
        ));
        let mut taken = Vec::new();
        for wish in floor.wishes() {
            let accepted = (0..4).map_while(|_| floor.accept(wish.clone()).ok());
            taken.push(accepted.count());
        }
        taken
    };
    assert_eq!(room(""), [4, 4]);
    assert_eq!(room("entries = 2"), [2, 2]);
    assert_eq!(room("agent_minutes = 15"), [3, 3]);
}

// Changes: queues.callback.keep_started
#[test]
fn who_hangs_up_in_the_middle_is_kept_where_the_administrator_wants_that() {
    let kept = |lines: &str| {
        let mut floor = Floor::open(lines);
        let call = floor.caller();
        let started = Some(Box::new(floor.draft(Wish::AsSoonAsPossible)));
        floor.give(Input::Gone { call, started });
        floor.lists.rows().len()
    };
    assert_eq!(kept(""), 0);
    assert_eq!(kept("keep_started = true"), 1);
}

// Changes: queues.callback.members
#[test]
fn the_queue_s_members_staff_its_list_or_those_who_are_named() {
    let eva = "[users.eva]\npassword = \"a-long-password\"";
    let may = |lines: &str| {
        let mut floor = Floor::open(lines);
        ["anna", "bosse", "eva"].map(|name| floor.log_in(name).is_ok())
    };
    assert_eq!(may(eva), [true, true, false]);
    let named = format!("members = [\"eva\", \"anna\"]\n{eva}");
    assert_eq!(may(&named), [true, false, true]);
}

// Changes: queues.callback.automatic, queues.callback.automatic_share
#[test]
fn a_queue_gives_its_callbacks_to_its_agents_where_that_is_written_and_takes_turns_by_the_share() {
    let shares = [
        ("", None),
        ("automatic = true", Some(50)),
        ("automatic = true\nautomatic_share = 10", Some(10)),
        ("automatic_share = 10", None),
    ];
    for (lines, share) in shares {
        let mut floor = Floor::open(lines);
        let acd = floor.loaded.acd.queues[&queue()].callbacks;
        assert_eq!(acd, share.and_then(acd::Share::new), "{lines}");
        // Bosse staffs no list.
        let entry = floor.soon();
        let commands = floor.give(Input::Entrust {
            offer: base::OfferId(1),
            list: queue(),
            entry,
            agent: user("bosse"),
        });
        let rings = matches!(&commands[..], [Command::RingAgent { .. }]);
        assert_eq!(rings, share.is_some(), "{lines}: {commands:?}");
    }
}

// Changes: queues.callback.automatic_call, queues.callback.automatic_abandoned_max
#[test]
fn people_are_called_before_an_agent_has_taken_them_where_that_is_written_until_as_many_met_none_as_may()
 {
    let before = "automatic = true\nautomatic_call = \"before\"";
    // How many are called so of those who meet nobody, one after the other, where twenty have met an agent.
    let called = |lines: &str| {
        let mut floor = Floor::open(lines);
        let mut offer = 0;
        let mut entrust = |floor: &mut Floor, entry| {
            offer += 1;
            let commands = floor.give(Input::Entrust {
                offer: base::OfferId(offer),
                list: queue(),
                entry,
                agent: user("bosse"),
            });
            commands.iter().find_map(|command| match command {
                Command::RingAgent { placing, order, .. } => Some((*placing, *order)),
                _ => None,
            })
        };
        for called in 0..20 {
            let entry = floor.soon();
            let (placing, order) = entrust(&mut floor, entry).expect("he is rung");
            let there = match order {
                Order::Ahead => CallEvent::Taken(base::OfferId(called + 1)),
                Order::AgentFirst => CallEvent::AgentAnswered,
            };
            for event in [there, CallEvent::PersonAnswered, CallEvent::HungUp] {
                floor.give(Input::Call { placing, event });
            }
            let note = Note {
                text: "Helped.".to_owned(),
                outcome: None,
                then: None,
            };
            let agent = user("bosse");
            let said = EntryAction::Note { agent, note };
            floor.on("bosse", entry, said).expect("he says so");
        }
        let mut alone = 0;
        loop {
            let entry = floor.soon();
            let (placing, order) = entrust(&mut floor, entry).expect("he is rung");
            if order == Order::AgentFirst || alone == 10 {
                return alone;
            }
            alone += 1;
            let event = CallEvent::MetNobody;
            floor.give(Input::Call { placing, event });
        }
    };
    assert_eq!(called("automatic = true"), 0);
    // Of twenty-one who answered one is more than three of a hundred.
    assert_eq!(called(before), 1);
    let more = format!("{before}\nautomatic_abandoned_max = 20");
    assert_eq!(called(&more), 5);
}

// Changes: queues.callback.lease
#[test]
fn an_entry_that_is_not_called_goes_back_when_its_time_is_over() {
    for (lines, seconds) in [("", 120), ("lease = \"30s\"", 30)] {
        let mut floor = Floor::open(lines);
        floor.log_in("anna").unwrap();
        let entry = floor.soon();
        floor
            .on("anna", entry, EntryAction::Lease(user("anna")))
            .unwrap();
        floor.pass(Duration::from_secs(seconds - 1));
        assert_eq!(floor.status(entry), Status::Leased);
        floor.pass(Duration::from_secs(1));
        assert_eq!(floor.status(entry), Status::NotHandled);
    }
}

// Changes: queues.callback.outcomes.reached, queues.callback.outcomes.busy, queues.callback.outcomes.no_answer
// Changes: queues.callback.outcomes.voicemail, queues.callback.outcomes.wrong_number
// Changes: queues.callback.outcomes.busy.then, queues.callback.outcomes.busy.delay
// Changes: queues.callback.outcomes.busy.attempts_max
#[test]
fn each_outcome_leads_to_what_is_written_of_it() {
    use callback::Outcome::WrongNumber;
    let outcomes = [
        ("reached", CallEvent::HungUp, None),
        ("busy", CallEvent::PersonBusy, None),
        ("no_answer", CallEvent::PersonNoAnswer, None),
        ("voicemail", CallEvent::Voicemail, None),
        ("wrong_number", CallEvent::HungUp, Some(WrongNumber)),
    ];
    let all = |rule: &str| {
        let tables = outcomes.iter();
        let tables =
            tables.map(|(name, ..)| format!("[queues.sales.callback.outcomes.{name}]\n{rule}\n"));
        sandbox(&tables.collect::<String>()).loaded()
    };
    let closes = all("then = \"close\"");
    let again = all("then = \"requeue\"\ndelay = \"7m\"\nattempts_max = 2");
    for (name, event, outcome) in outcomes {
        let after = |loaded: &Loaded, attempts: usize| {
            let mut floor = Floor::with(loaded.clone());
            floor.log_in("anna").unwrap();
            let entry = floor.soon();
            for _ in 0..attempts {
                floor.try_once(entry, event);
                floor.note(entry, outcome);
                floor.pass(7 * MINUTE);
            }
            let kept = floor.lists.entry(entry).unwrap();
            let due = kept.due.since(floor.lists.utc(Time::ZERO));
            (floor.status(entry), due)
        };
        let (status, _) = after(&closes, 1);
        let is_closed = matches!(status, Status::Done | Status::GivenUp);
        assert!(is_closed, "{name}: {status:?}");
        assert_eq!(after(&again, 1), (Status::Requeued, 7 * MINUTE), "{name}");
        assert_eq!(after(&again, 2).0, Status::GivenUp, "{name}");
    }
}

// Changes: queues.callback.expire_after, queues.callback.retention
#[test]
fn an_entry_that_nobody_tries_expires_and_what_is_closed_is_erased_in_time() {
    let mut floor = Floor::open("expire_after = \"2d\"\nretention = \"3d\"");
    let entry = floor.soon();
    floor.pass(2 * DAY - MINUTE);
    assert_eq!(floor.status(entry), Status::NotHandled);
    floor.pass(2 * MINUTE);
    let stage = |floor: &Floor| floor.lists.entry(entry).map(|it| it.stage.clone());
    assert_eq!(floor.status(entry), Status::Expired);
    floor.pass(3 * DAY - 3 * MINUTE);
    assert!(matches!(stage(&floor), Some(Stage::Closed { .. })));
    floor.pass(5 * MINUTE);
    assert_eq!(stage(&floor), None);
    let mut for_ever = Floor::open("");
    let entry = for_ever.soon();
    for_ever.pass(40 * DAY);
    assert_eq!(for_ever.status(entry), Status::NotHandled);
}

/// A caller who shows his number begins to ask to be called back.
fn begun(sandbox: &Sandbox, steps: &mut Vec<Step>) -> Dialogue {
    let loaded = sandbox.loaded();
    let organisation = &loaded.directory.organisations["acme"];
    let asking = organisation.callbacks[&queue()].asking.clone();
    let shown = "+46701234567".parse().unwrap();
    let mut dialogue = Dialogue::new(asking, Place::Kept, Some(shown), 0);
    dialogue.start(steps);
    dialogue
}

/// What a caller who keys these gets for them; nothing, where he is asked again or not at all.
fn keyed(lines: &str, keys: &str) -> Option<String> {
    let mut steps = Vec::new();
    let mut dialogue = begun(&sandbox(lines), &mut steps);
    let soon = Choice {
        wish: Wish::AsSoonAsPossible,
        words: Vec::new(),
    };
    dialogue.choices(vec![soon], None, &mut steps);
    dialogue.reserved(Settled::Yes, &mut steps);
    // The number is right; then what is asked for; then all of it is.
    for key in format!("1{keys}1").chars() {
        dialogue.key(key, &mut steps);
    }
    steps.into_iter().find_map(|step| match step {
        Step::Accept(answers) => answers.input.map(|input| input.revealed()),
        _ => None,
    })
}

// Changes: queues.callback.customer_number, queues.callback.personnummer
// Changes: queues.callback.customer_number.digits_min, queues.callback.customer_number.digits_max
#[test]
fn callers_are_asked_for_what_is_written_and_it_has_to_be_that() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(keyed("", ""), None);
    let any = "customer_number = {}";
    assert_eq!(keyed(any, "4#"), some("4"));
    let bounded = "customer_number = { digits_min = 4, digits_max = 6 }";
    assert_eq!(keyed(bounded, "123#"), None);
    assert_eq!(keyed(bounded, "1234#"), some("1234"));
    assert_eq!(keyed(bounded, "1234567#"), None);
    let person = "personnummer = true";
    assert_eq!(keyed(person, "8112189875#"), None);
    let right = keyed(person, "8112189876#").unwrap();
    assert!(right.contains("9876"), "{right}");
}

// Changes: queues.callback.prompts
#[test]
fn a_step_is_said_as_the_administrator_wants_it_and_the_others_as_ever() {
    let sandbox = sandbox(
        "prompts = { times = \"our-times\", press-2 = \"our-two\" }\n\
         [prompts]\nour-times = \"times.wav\"\nour-two = \"two.wav\"",
    );
    for name in ["times", "two"] {
        let file = format!("config/organisations/acme/{name}.wav");
        sandbox.write(&file, "");
    }
    let mut steps = Vec::new();
    let mut dialogue = begun(&sandbox, &mut steps);
    let choice = |word: &str| Choice {
        wish: Wish::AsSoonAsPossible,
        words: vec![PromptId::new(word)],
    };
    dialogue.choices(vec![choice("soon"), choice("later")], None, &mut steps);
    let mut heard = steps.iter().filter_map(|step| match step {
        Step::Play(playlist) => Some(playlist.prompts.clone()),
        _ => None,
    });
    let heard = heard.next_back().unwrap();
    let heard: Vec<&str> = heard.iter().map(PromptId::as_str).collect();
    let expected = [
        "acme/our-times",
        "soon",
        "en/callback-press-1",
        "later",
        "acme/our-two",
        "en/callback-again",
    ];
    assert_eq!(heard, expected);
}
