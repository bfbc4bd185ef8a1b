//! What a caller keys, and what comes of it.

use super::*;
use callback::{CustomerDigits, Given, Span, Utc, Window};

const SHOWN: &str = "+46701234567";
const OTHER: &str = "+4681234";

#[derive(Clone)]
struct Caller(Dialogue);

impl Caller {
    fn new(shown: Option<&str>, asks: Asks) -> (Caller, String) {
        Caller::at(Place::Kept, shown, asks)
    }

    fn at(place: Place, shown: Option<&str>, asks: Asks) -> (Caller, String) {
        let prompts = CallbackPrompts::named(|name| Some(PromptId::new(name))).unwrap();
        let asking = Asking {
            prompts,
            language: Language::En,
            asks,
        };
        let shown = shown.map(number);
        let mut caller = Caller(Dialogue::new(asking, place, shown, 0));
        let heard = caller.does(Dialogue::start);
        (caller, heard)
    }

    /// One who has chosen a time, and hears what comes then.
    fn with_time(shown: Option<&str>, asks: Asks) -> (Caller, String) {
        let (mut caller, _) = Caller::new(shown, asks);
        caller.offered(&["soon", "later"], None);
        caller.key('2');
        let heard = caller.reserved(Settled::Yes);
        (caller, heard)
    }

    /// What comes of it, as words; saved and loaded before.
    fn does(&mut self, what: impl FnOnce(&mut Dialogue, &mut Vec<Step>)) -> String {
        let saved = postcard::to_stdvec(&self.0).unwrap();
        self.0 = postcard::from_bytes(&saved).unwrap();
        let mut steps = Vec::new();
        what(&mut self.0, &mut steps);
        let words = steps.into_iter().filter_map(|step| match step {
            Step::Play(list) if list.prompts.is_empty() => None,
            Step::Play(list) => Some(spoken(&list.prompts)),
            Step::Wait(_) | Step::StopWaiting => None,
            Step::AskChoices(number) => Some(match number {
                Some(number) => format!("choices? {number}"),
                None => "choices?".to_owned(),
            }),
            Step::Reserve(wish) => Some(format!("reserve {}", named(&wish))),
            Step::CheckNumber(digits) => Some(format!("check {digits}")),
            Step::Accept(answers) => Some(format!("accept {}", told(&answers))),
            Step::Move(answers) => Some(format!("move {}", told(&answers))),
            Step::Cancel(number) => Some(format!("cancel {number}")),
            Step::BackToQueue => Some("queue".to_owned()),
            Step::Left => Some("left".to_owned()),
            Step::End => Some("end".to_owned()),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    fn key(&mut self, key: char) -> String {
        self.does(|it, steps| it.key(key, steps))
    }

    /// What comes of the last of these.
    fn keys(&mut self, keys: &str) -> String {
        keys.chars().map(|key| self.key(key)).last().unwrap()
    }

    fn offered(&mut self, names: &[&str], promised: Option<PromisedState>) -> String {
        let choices = names.iter().map(|name| choice(name)).collect();
        let promised = promised.map(|state| Promised {
            words: vec![PromptId::new("at-noon")],
            state,
        });
        self.does(|it, steps| it.choices(choices, promised, steps))
    }

    fn reserved(&mut self, settled: Settled) -> String {
        self.does(|it, steps| it.reserved(settled, steps))
    }

    fn checked(&mut self, found: Option<&str>) -> String {
        let found = found.map(number);
        self.does(|it, steps| it.checked(found, steps))
    }

    fn settled(&mut self, settled: Settled) -> String {
        self.does(|it, steps| it.settled(settled, steps))
    }

    fn waited(&mut self) -> String {
        self.does(Dialogue::waited)
    }

    /// What he hears last is through.
    fn heard(&mut self) -> String {
        let token = self.0.token();
        self.does(|it, steps| it.played(token, steps))
    }
}

fn number(digits: &str) -> Number {
    digits.parse().unwrap()
}

fn choice(name: &str) -> Choice {
    let wish = match name {
        "soon" => Wish::AsSoonAsPossible,
        name => Wish::Window(Window {
            span: Span {
                from: Utc::from_seconds(0),
                until: Utc::from_seconds(1),
            },
            name: name.into(),
        }),
    };
    Choice {
        wish,
        words: vec![PromptId::new(name)],
    }
}

fn named(wish: &Wish) -> String {
    match wish {
        Wish::AsSoonAsPossible => "soon".to_owned(),
        Wish::Window(window) => window.name.to_string(),
    }
}

fn told(answers: &Answers) -> String {
    let given = match answers.given {
        Given::Shown => "shown",
        Given::Keyed => "keyed",
    };
    let input = answers.input.as_ref().map(|input| input.revealed());
    let input = input.map_or(String::new(), |input| format!(" {input}"));
    format!("{} {given} {}{input}", named(&answers.wish), answers.number)
}

/// Names of prompts, where the digits of a number stand together.
fn spoken(prompts: &[PromptId]) -> String {
    let short = prompts.iter().filter_map(|prompt| {
        let name = prompt.as_str();
        let name = name.strip_prefix("callback-").unwrap_or(name);
        match name.strip_prefix("en/number-") {
            Some(digit) => Some(format!("~{digit}~")),
            None if name == "en/plus" => Some("~".to_owned()),
            None if name == "music/pause" => None,
            None => Some(name.to_owned()),
        }
    });
    short
        .collect::<Vec<_>>()
        .join("+")
        .replace("~+~", "")
        .replace('~', "")
}

#[test]
fn a_caller_chooses_a_time_keeps_his_number_hears_it_all_and_is_thanked_when_it_is_stored() {
    let (mut caller, heard) = Caller::new(Some(SHOWN), Asks::Nothing);
    assert_eq!(heard, format!("choices? {SHOWN}"));
    let heard = caller.offered(&["soon", "later"], None);
    assert_eq!(heard, "times+soon+press-1+later+press-2+again");
    assert_eq!(caller.key('2'), "reserve later");
    let heard = caller.reserved(Settled::Yes);
    assert_eq!(heard, "on-number+46701234567+number-choices+again");
    let heard = caller.key('1');
    assert_eq!(
        heard,
        "summary+later+on-number+46701234567+summary-choices+again"
    );
    assert_eq!(caller.key('1'), format!("accept later shown {SHOWN}"));
    // Nothing is said before it is stored.
    assert_eq!(caller.key('1'), "");
    assert_eq!(caller.settled(Settled::Yes), "left, accepted");
    assert_eq!(caller.heard(), "end");
}

#[test]
fn where_one_time_alone_can_be_had_nobody_is_asked_for_it() {
    let (mut caller, _) = Caller::new(Some(SHOWN), Asks::Nothing);
    assert_eq!(caller.offered(&["soon"], None), "reserve soon");
    caller.reserved(Settled::Yes);
    // There is no question before this one.
    assert_eq!(caller.key('*'), "place-kept");
    assert_eq!(caller.heard(), "queue");
}

#[test]
fn another_number_is_keyed_checked_and_read_back() {
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
    assert_eq!(caller.key('2'), "key-number");
    assert_eq!(caller.keys("0900123#"), "check 0900123");
    assert_eq!(caller.checked(None), "bad-number+key-number");
    assert_eq!(caller.keys("081234#"), "check 081234");
    let heard = caller.checked(Some(OTHER));
    assert_eq!(heard, "on-number+4681234+number-choices+again");
    // Keyed wrong, though there is such a number.
    assert_eq!(caller.key('2'), "key-number");
    caller.keys("081234#");
    caller.checked(Some(OTHER));
    assert_eq!(caller.key('1'), format!("choices? {OTHER}"));
    let heard = caller.offered(&["soon", "later"], None);
    assert_eq!(
        heard,
        "summary+later+on-number+4681234+summary-choices+again"
    );
    assert_eq!(caller.key('1'), format!("accept later keyed {OTHER}"));
}

#[test]
fn who_shows_no_number_keys_one() {
    let (mut caller, heard) = Caller::with_time(None, Asks::Nothing);
    assert_eq!(heard, "key-number");
    assert_eq!(caller.key('#'), "key-number", "nothing is no number");
    caller.keys("081234");
    assert_eq!(caller.waited(), "check 081234", "hash may be left out");
    caller.checked(Some(OTHER));
    assert_eq!(caller.0.begun(), Some((&number(OTHER), Given::Keyed, None)));
    assert_eq!(caller.key('*'), "key-number");
    let heard = caller.key('*');
    assert_eq!(heard, "times+soon+press-1+later+press-2+again");
}

#[test]
fn a_personnummer_is_checked_and_may_be_left_out() {
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Personnummer);
    assert_eq!(caller.key('1'), "key-personnummer");
    assert_eq!(caller.keys("8507099806#"), "bad-input+key-personnummer");
    let heard = caller.keys("8507099805#");
    assert!(heard.starts_with("summary"), "{heard}");
    assert_eq!(caller.key('*'), "key-personnummer");
    caller.keys("198507099805#");
    let accepted = caller.key('1');
    assert_eq!(
        accepted,
        format!("accept later shown {SHOWN} 19850709-9805")
    );
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Personnummer);
    caller.key('1');
    caller.key('#');
    assert_eq!(caller.key('1'), format!("accept later shown {SHOWN}"));
    assert!(!format!("{:?}", caller.0).contains("9805"));
}

#[test]
fn what_is_being_keyed_is_in_no_log() {
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Personnummer);
    caller.key('1');
    caller.keys("8507099805");
    assert!(!format!("{:?}", caller.0).contains("850709"));
}

#[test]
fn a_customer_number_has_as_many_digits_as_it_may() {
    let asks = Asks::CustomerNumber(CustomerDigits { min: 4, max: 6 });
    let (mut caller, _) = Caller::with_time(Some(SHOWN), asks);
    assert_eq!(caller.key('1'), "key-customer");
    assert_eq!(caller.keys("123#"), "bad-input+key-customer");
    assert_eq!(caller.keys("1234567#"), "bad-input+key-customer");
    caller.keys("123456#");
    assert_eq!(
        caller.key('1'),
        format!("accept later shown {SHOWN} 123456")
    );
}

#[test]
fn every_question_is_heard_again_gone_back_from_and_left() {
    let ways: [&str; 4] = ["", "1", "1#", "2"];
    for (way, question, before) in [
        (ways[0], "on-number", "times"),
        (ways[1], "key-customer", "on-number"),
        (ways[2], "summary", "key-customer"),
        (ways[3], "key-number", "on-number"),
    ] {
        let asks = Asks::CustomerNumber(CustomerDigits { min: 1, max: 9 });
        let at = || {
            let (mut caller, _) = Caller::with_time(Some(SHOWN), asks);
            way.chars().for_each(|key| {
                caller.key(key);
            });
            caller
        };
        if !question.starts_with("key") {
            assert!(at().key('9').starts_with(question), "{question} again");
            assert_eq!(at().key('0'), "place-kept", "{question} left");
        }
        let again = at().waited();
        assert!(
            again.starts_with(question),
            "{question} after silence: {again}"
        );
        let back = at().key('*');
        assert!(back.starts_with(before), "back from {question}: {back}");
    }
}

#[test]
fn silence_and_wrong_keys_are_borne_three_times_and_then_he_waits_on() {
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
    let question = "on-number+46701234567+number-choices+again";
    assert_eq!(caller.waited(), question);
    assert_eq!(caller.key('7'), format!("wrong-key+{question}"));
    assert_eq!(caller.waited(), "place-kept");
    assert_eq!(caller.heard(), "queue");
    // A right answer in between, and there are three again.
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
    caller.waited();
    caller.waited();
    caller.key('1');
    assert!(caller.waited().starts_with("summary"));
}

#[test]
fn a_time_that_is_taken_meanwhile_is_said_to_be_and_another_chosen() {
    let (mut caller, _) = Caller::new(Some(SHOWN), Asks::Nothing);
    caller.offered(&["soon", "later"], None);
    caller.key('2');
    // Asked for, though there is one left alone.
    assert_eq!(
        caller.reserved(Settled::Taken),
        "taken+times+soon+press-1+again"
    );
    assert_eq!(caller.key('2'), "wrong-key+times+soon+press-1+again");
    assert_eq!(caller.key('1'), "reserve soon");
    assert_eq!(caller.reserved(Settled::No), "refused+place-kept");
    assert_eq!(caller.heard(), "queue");
    let (mut caller, _) = Caller::new(Some(SHOWN), Asks::Nothing);
    assert_eq!(caller.offered(&[], None), "refused+place-kept");
}

#[test]
fn what_cannot_be_stored_is_not_promised_and_he_keeps_his_place() {
    for late in [false, true] {
        let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
        caller.keys("11");
        let heard = match late {
            false => caller.settled(Settled::No),
            true => caller.waited(),
        };
        assert_eq!(heard, "refused+place-kept");
        assert_eq!(
            caller.settled(Settled::Yes),
            "",
            "it was said that it is not"
        );
        assert_eq!(caller.heard(), "queue");
    }
}

#[test]
fn a_repeat_caller_keeps_moves_or_takes_back_what_he_was_promised() {
    let promised = || {
        let (mut caller, _) = Caller::new(Some(SHOWN), Asks::Nothing);
        let heard = caller.offered(&["soon", "later"], Some(PromisedState::Open));
        assert_eq!(heard, "existing+at-noon+existing-choices+again");
        caller
    };
    let mut keeps = promised();
    assert_eq!(keeps.key('1'), "kept");
    assert_eq!(keeps.heard(), "end");
    let mut moves = promised();
    assert_eq!(moves.key('2'), "times+soon+press-1+later+press-2+again");
    moves.key('2');
    let heard = moves.reserved(Settled::Yes);
    assert_eq!(
        heard,
        "summary+later+on-number+46701234567+summary-choices+again"
    );
    assert_eq!(moves.key('1'), format!("move later shown {SHOWN}"));
    assert_eq!(moves.settled(Settled::Yes), "left, accepted");
    let mut takes_back = promised();
    assert_eq!(takes_back.key('3'), format!("cancel {SHOWN}"));
    assert_eq!(takes_back.settled(Settled::Yes), "cancelled+place-kept");
    assert_eq!(takes_back.heard(), "queue");
}

#[test]
fn who_is_about_to_be_called_is_told_so_and_his_line_is_freed() {
    let (mut caller, _) = Caller::new(Some(SHOWN), Asks::Nothing);
    let heard = caller.offered(&["soon"], Some(PromisedState::Held));
    assert_eq!(heard, "held");
    assert_eq!(caller.heard(), "end");
}

#[test]
fn what_another_number_was_promised_is_told_to_nobody_and_stands() {
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
    caller.key('2');
    caller.keys("081234#");
    caller.checked(Some(OTHER));
    caller.key('1');
    let mut told = [Some(PromisedState::Open), Some(PromisedState::Held), None].map(|promised| {
        let mut caller = caller.clone();
        (caller.offered(&["soon", "later"], promised), caller)
    });
    assert!(told[0].0.starts_with("summary+"), "{}", told[0].0);
    assert_eq!(told[0].0, told[2].0);
    assert_eq!(told[1].0, told[2].0);
    let caller = &mut told[0].1;
    assert!(caller.key('1').starts_with("accept "));
    assert_eq!(caller.settled(Settled::Already), "left, accepted");
}

#[test]
fn who_keys_the_number_that_he_calls_from_hears_what_it_was_promised() {
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
    caller.key('2');
    caller.keys("0701234567#");
    caller.checked(Some(SHOWN));
    caller.key('1');
    let heard = caller.offered(&["soon", "later"], Some(PromisedState::Open));
    assert_eq!(heard, "existing+at-noon+existing-choices+again");
    assert_eq!(caller.key('2'), "times+soon+press-1+later+press-2+again");
    assert_eq!(caller.key('*'), "existing+at-noon+existing-choices+again");
    assert_eq!(caller.key('3'), format!("cancel {SHOWN}"));
    assert_eq!(caller.settled(Settled::Held), "refused+place-kept");
    assert_eq!(caller.heard(), "queue");
}

#[test]
fn news_of_what_is_over_changes_nothing() {
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
    let before = caller.0.clone();
    assert_eq!(caller.offered(&["soon"], None), "");
    assert_eq!(caller.reserved(Settled::No), "");
    assert_eq!(caller.checked(None), "");
    assert_eq!(caller.settled(Settled::Yes), "");
    assert_eq!(caller.does(|it, steps| it.played(0, steps)), "");
    assert_eq!(caller.0, before);
}

#[test]
fn who_has_no_place_hears_of_none_and_goes_on_at_once() {
    let (mut caller, _) = Caller::at(Place::None, Some(SHOWN), Asks::Nothing);
    caller.offered(&["soon", "later"], None);
    assert_eq!(caller.key('0'), "queue");
    let (mut caller, _) = Caller::at(Place::None, Some(SHOWN), Asks::Nothing);
    assert_eq!(caller.offered(&[], None), "refused");
    assert_eq!(caller.heard(), "queue");
}

#[test]
fn who_takes_too_long_goes_back_from_any_question_and_not_while_he_is_being_answered() {
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
    let mut over = false;
    caller.key('1');
    caller.key('1');
    caller.does(|it, steps| over = it.has_had_his_time(steps));
    assert!(!over, "it is being stored");
    let (mut caller, _) = Caller::with_time(Some(SHOWN), Asks::Nothing);
    let heard = caller.does(|it, steps| over = it.has_had_his_time(steps));
    assert!(over);
    assert_eq!(heard, "place-kept");
}
