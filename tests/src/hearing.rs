//! What a party to a call hears, against what it should: prompts by their names, one phrase after the other.

use crate::phone::Call;
use crate::rtp;
use crate::server::Server;
use crate::sound::{RATE, RECOGNISED, level_db, recognise};
use std::time::{Duration, Instant};

/// The longest of what is said before anything that a test waits for, and then some.
pub const SAID_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks at what has come: to compare costs more than to wait.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// Packets in which a tone is measured.
const NEWEST: usize = 10;
/// A tone is sent at −12 dB.
const TONE_DB: f64 = -15.0;
/// How far apart prompts of one phrase may lie, in samples: each begins with a packet, and the voice may pause.
const JOINED: usize = RATE / 10;

/// Waits until a prompt, such as `sv/closed`, has been heard at any time since the call began.
///
/// # Panics
/// When it is not heard.
pub fn hears(server: &Server, call: &Call, prompt: &str) {
    Hearing::of(server, call).says(&[prompt]);
}

/// Waits until the newest of what has come is a tone that another phone plays (`rtp::Sound::Tone`).
///
/// # Panics
/// When it is not heard.
pub fn hears_tone(call: &Call, hertz: f64) {
    let deadline = Instant::now() + SAID_WITHIN;
    loop {
        let packets = call.media.packets();
        let newest = packets.len().saturating_sub(NEWEST);
        let level = level_db(&rtp::samples(&packets[newest..]), hertz);
        if level > TONE_DB {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "{hertz} Hz is heard at {level:.1} dB"
        );
        std::thread::sleep(rtp::PACKET);
    }
}

/// Somebody who listens to a call from its beginning.
#[derive(Debug)]
pub struct Hearing<'a> {
    server: &'a Server,
    call: &'a Call,
    // Sample after the last phrase that was heard.
    from: usize,
}

impl<'a> Hearing<'a> {
    /// From the call's first packet.
    pub fn of(server: &'a Server, call: &'a Call) -> Hearing<'a> {
        let from = 0;
        Hearing { server, call, from }
    }

    /// Waits until these prompts have been heard, one at the end of the other, after all that was heard before.
    ///
    /// # Panics
    /// When they are not.
    pub fn says(&mut self, phrase: &[&str]) -> &mut Self {
        let prompts: Vec<Vec<i16>> = phrase.iter().map(|id| self.server.prompt(id)).collect();
        let mut sought = Sought::after(self.from, &prompts);
        let deadline = Instant::now() + SAID_WITHIN;
        loop {
            let heard = self.heard();
            if let Some(end) = sought.look(&heard) {
                self.from = end;
                return self;
            }
            assert!(
                Instant::now() < deadline,
                "{phrase:?} was not heard after {} ms of {} ms; the likest were {:.2?}",
                self.from * 1_000 / RATE,
                heard.len() * 1_000 / RATE,
                sought.likest
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until he has been told, in a language such as `sv`, to speak after the tone, has heard it, and so much has come after it:
    /// for so long what he says has been recorded.
    ///
    /// # Panics
    /// When he is not told.
    pub fn speaks(&mut self, language: &str, span: Duration) -> &mut Self {
        self.says(&[&format!("{language}/record-after-tone"), "music/beep"]);
        self.call.media.listen(span);
        self
    }

    /// Checks that a prompt has not been heard so far, from the beginning on.
    ///
    /// # Panics
    /// When it has.
    pub fn never_said(&mut self, prompt: &str) -> &mut Self {
        let found = recognise(&self.heard(), &self.server.prompt(prompt));
        assert!(
            found.likeness < RECOGNISED,
            "{prompt} was heard at {} ms",
            found.at * 1_000 / RATE
        );
        self
    }

    fn heard(&self) -> Vec<i16> {
        rtp::samples(&self.call.media.packets())
    }
}

/// A phrase that is looked for in a recording that grows.
struct Sought<'a> {
    phrase: &'a [Vec<i16>],
    // It does not begin before that sample.
    from: usize,
    // How like each of its prompts the likest place was.
    likest: Vec<f64>,
}

/// How the rest of a phrase goes on, once its first prompt has been found.
enum Rest {
    Said { end: usize },
    Missing,
    NotYet,
}

impl<'a> Sought<'a> {
    fn after(from: usize, phrase: &'a [Vec<i16>]) -> Sought<'a> {
        let likest = vec![0.0; phrase.len()];
        Sought {
            phrase,
            from,
            likest,
        }
    }

    /// The sample after the phrase's first place.
    fn look(&mut self, recording: &[i16]) -> Option<usize> {
        let opening = &self.phrase[0];
        loop {
            let begins = self.place(0, recording.get(self.from..)?);
            let Some(at) = begins.map(|at| self.from + at) else {
                // It may have begun: there it is sought again.
                self.from = self.from.max(recording.len().saturating_sub(opening.len()));
                return None;
            };
            match self.rest(recording, at + opening.len()) {
                Rest::Said { end } => return Some(end),
                Rest::Missing => self.from = at + JOINED,
                Rest::NotYet => {
                    self.from = at;
                    return None;
                }
            }
        }
    }

    fn rest(&mut self, recording: &[i16], mut end: usize) -> Rest {
        for index in 1..self.phrase.len() {
            // From a little before the other's end, since silence at an end is like any other.
            let from = end.saturating_sub(JOINED);
            let length = self.phrase[index].len();
            let to = from + length + 2 * JOINED;
            let Some(room) = recording.get(from..to.min(recording.len())) else {
                return Rest::NotYet;
            };
            match self.place(index, room) {
                Some(at) => end = from + at + length,
                None if recording.len() < to => return Rest::NotYet,
                None => return Rest::Missing,
            }
        }
        Rest::Said { end }
    }

    fn place(&mut self, index: usize, room: &[i16]) -> Option<usize> {
        let (at, likeness) = first(room, &self.phrase[index]);
        self.likest[index] = self.likest[index].max(likeness);
        at
    }
}

/// The first place of a prompt, where the likest may be a later one; and how like the likest is.
fn first(recording: &[i16], prompt: &[i16]) -> (Option<usize>, f64) {
    let mut found = recognise(recording, prompt);
    let likeness = found.likeness;
    let mut place = None;
    while found.likeness > RECOGNISED {
        place = Some(found.at);
        let before = found.at + prompt.len() / 2;
        found = recognise(&recording[..before], prompt);
    }
    (place, likeness)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Seeded;

    fn noise(random: &mut Seeded, length: usize, scale: i16) -> Vec<i16> {
        (0..length)
            .map(|_| (random.number() as i16) / scale)
            .collect()
    }

    // A recording of three prompts with pauses, the first twice: one, other (joined), third, one.
    fn recording() -> (Vec<i16>, [Vec<i16>; 3]) {
        let mut random = Seeded::new(7);
        let prompts: [Vec<i16>; 3] = std::array::from_fn(|_| noise(&mut random, 4_000, 4));
        let mut pause = || noise(&mut random, 2_000, 200);
        let [one, other, third] = prompts.clone();
        let parts = [pause(), one.clone(), other, pause(), third, pause(), one];
        (parts.concat(), prompts)
    }

    // As a listener looks: again and again, while more is said.
    fn find(recording: &[i16], from: usize, phrase: &[&Vec<i16>]) -> Result<usize, Vec<f64>> {
        let phrase: Vec<Vec<i16>> = phrase.iter().map(|prompt| (*prompt).clone()).collect();
        let mut sought = Sought::after(from, &phrase);
        let looks = (1..=recording.len() / 1_000).map(|look| look * 1_000);
        let found = looks.filter_map(|to| sought.look(&recording[..to])).next();
        found.ok_or(sought.likest)
    }

    #[test]
    fn a_phrase_is_found_at_its_first_place_and_what_was_not_said_is_not() {
        let (recording, [one, other, third]) = recording();
        assert_eq!(recording.len(), 22_000);
        assert_eq!(find(&recording, 0, &[&one]), Ok(6_000));
        assert_eq!(find(&recording, 0, &[&one, &other]), Ok(10_000));
        assert_eq!(find(&recording, 6_000, &[&third]), Ok(16_000));
        assert_eq!(find(&recording, 6_000, &[&one]), Ok(22_000), "once more");
        let never = noise(&mut Seeded::new(8), 4_000, 4);
        // There is a pause between, an order, and words that were never said.
        for (phrase, found) in [
            (&[&other, &third][..], 1),
            (&[&other, &one], 1),
            (&[&one, &never], 1),
            (&[&never], 0),
        ] {
            let likest = find(&recording, 0, phrase).unwrap_err();
            assert!(likest[..found].iter().all(|likeness| *likeness > 0.9));
            assert!(likest[found] < 0.3, "{likest:?}");
        }
        assert!(find(&recording, 16_000, &[&third]).is_err(), "it is over");
    }
}
