//! Where a playlist stands: which frame of which clip comes next. Knows lengths, not sounds.

use serde::{Deserialize, Serialize};

/// What one frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sound {
    /// Nothing.
    Silence,
    /// A frame of a clip.
    Clip {
        /// The prompt's place in the playlist; one past the last is its music.
        clip: usize,
        /// The frame, from 0.
        frame: u32,
    },
}

/// One frame's worth of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to send.
    pub sound: Sound,
    /// The playlist's prompts are through with this frame.
    pub prompts: Prompts,
    /// How the sound begins.
    pub onset: Onset,
}

/// Whether there is more of the prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompts {
    /// More to come, or through long since.
    Unchanged,
    /// This was the last frame of the last one.
    Through,
}

/// Whether a frame starts in the middle of a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onset {
    /// The sound's own start, or more of the same.
    Natural,
    /// In the middle of music, after something else.
    Abrupt,
}

/// Looped music after the prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loop {
    /// Its length in frames.
    pub frames: u32,
    /// The frame to start at.
    pub start: u32,
}

/// A playlist being played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playout {
    /// Of each prompt, in frames. One that is missing has none, and is passed over.
    lengths: Vec<u32>,
    music: Option<Loop>,
    position: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Position {
    Prompt { index: usize, frame: u32 },
    ThenFirst,
    Then { frame: u32 },
}

impl Playout {
    /// At the start of prompts of those lengths, with that music after them or silence.
    pub fn new(lengths: Vec<u32>, music: Option<Loop>) -> Playout {
        let position = if lengths.is_empty() {
            Position::ThenFirst
        } else {
            Position::Prompt { index: 0, frame: 0 }
        };
        Playout {
            lengths,
            music: music.filter(|music| music.frames > 0),
            position,
        }
    }

    /// The next frame, and on.
    pub fn step(&mut self) -> Step {
        let mut prompts = Prompts::Unchanged;
        if let Position::Prompt { index, frame } = self.position {
            match self.audible_from(index, frame) {
                Some((index, frame)) => {
                    let sound = Sound::Clip { clip: index, frame };
                    self.position = match self.audible_from(index, frame + 1) {
                        Some((index, frame)) => Position::Prompt { index, frame },
                        None => {
                            prompts = Prompts::Through;
                            Position::ThenFirst
                        }
                    };
                    return Step {
                        sound,
                        prompts,
                        onset: Onset::Natural,
                    };
                }
                None => {
                    prompts = Prompts::Through;
                    self.position = Position::ThenFirst;
                }
            }
        }
        let sound = self.peek();
        let mut onset = Onset::Natural;
        if let Some(Loop { frames, start }) = self.music {
            let frame = match self.position {
                Position::Then { frame } => frame,
                Position::Prompt { .. } | Position::ThenFirst => {
                    if start % frames != 0 {
                        onset = Onset::Abrupt;
                    }
                    start % frames
                }
            };
            self.position = Position::Then {
                frame: (frame + 1) % frames,
            };
        }
        Step {
            sound,
            prompts,
            onset,
        }
    }

    /// The next frame, staying.
    pub fn peek(&self) -> Sound {
        if let Position::Prompt { index, frame } = self.position
            && let Some((clip, frame)) = self.audible_from(index, frame)
        {
            return Sound::Clip { clip, frame };
        }
        self.music_frame()
            .map_or(Sound::Silence, |frame| Sound::Clip {
                clip: self.lengths.len(),
                frame,
            })
    }

    /// Where the music goes on, if there is any.
    pub fn music_frame(&self) -> Option<u32> {
        let music = self.music?;
        Some(match self.position {
            Position::Then { frame } => frame,
            Position::Prompt { .. } | Position::ThenFirst => music.start % music.frames,
        })
    }

    /// The first frame that exists at or after `frame` of prompt `index`.
    fn audible_from(&self, index: usize, frame: u32) -> Option<(usize, u32)> {
        if self
            .lengths
            .get(index)
            .is_some_and(|length| frame < *length)
        {
            return Some((index, frame));
        }
        (index + 1..self.lengths.len())
            .find(|index| self.lengths[*index] > 0)
            .map(|index| (index, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clip(clip: usize, frame: u32) -> Sound {
        Sound::Clip { clip, frame }
    }

    fn play(playout: &mut Playout, steps: usize) -> Vec<Step> {
        (0..steps)
            .map(|_| {
                let ahead = playout.peek();
                let mut saved: Playout =
                    postcard::from_bytes(&postcard::to_stdvec(playout).unwrap()).unwrap();
                let step = playout.step();
                assert_eq!(ahead, step.sound);
                assert_eq!(saved.step(), step);
                assert_eq!(&saved, playout);
                step
            })
            .collect()
    }

    #[test]
    fn prompts_are_heard_once_each_and_then_silence() {
        let steps = play(&mut Playout::new(vec![2, 1], None), 5);
        let sounds: Vec<Sound> = steps.iter().map(|step| step.sound).collect();
        assert_eq!(
            sounds,
            [
                clip(0, 0),
                clip(0, 1),
                clip(1, 0),
                Sound::Silence,
                Sound::Silence
            ]
        );
        let through: Vec<bool> = steps
            .iter()
            .map(|step| step.prompts == Prompts::Through)
            .collect();
        assert_eq!(through, [false, false, true, false, false]);
    }

    #[test]
    fn music_goes_on_where_it_was_left_and_starts_over_at_its_end() {
        let mut playout = Playout::new(
            vec![1],
            Some(Loop {
                frames: 3,
                start: 2,
            }),
        );
        let steps = play(&mut playout, 5);
        let sounds: Vec<Sound> = steps.iter().map(|step| step.sound).collect();
        assert_eq!(
            sounds,
            [clip(0, 0), clip(1, 2), clip(1, 0), clip(1, 1), clip(1, 2)]
        );
        assert_eq!(steps[1].onset, Onset::Abrupt);
        assert_eq!(steps[2].onset, Onset::Natural);
        assert_eq!(playout.music_frame(), Some(0));
    }

    #[test]
    fn a_playlist_of_missing_prompts_is_through_at_once_and_an_empty_one_never() {
        let steps = play(&mut Playout::new(vec![0, 0], None), 2);
        assert_eq!(steps[0].prompts, Prompts::Through);
        assert_eq!(steps[1].prompts, Prompts::Unchanged);
        assert_eq!(
            play(&mut Playout::new(vec![], None), 1)[0].prompts,
            Prompts::Unchanged
        );
    }

    #[test]
    fn music_shorter_than_its_remembered_place_and_music_of_no_length_do_no_harm() {
        let steps = play(
            &mut Playout::new(
                vec![],
                Some(Loop {
                    frames: 2,
                    start: 7,
                }),
            ),
            2,
        );
        assert_eq!([steps[0].sound, steps[1].sound], [clip(0, 1), clip(0, 0)]);
        let steps = play(
            &mut Playout::new(
                vec![],
                Some(Loop {
                    frames: 0,
                    start: 7,
                }),
            ),
            1,
        );
        assert_eq!(steps[0].sound, Sound::Silence);
    }

    proptest! {
        #[test]
        fn any_playlist_plays_all_frames_in_order_and_is_through_exactly_once(
            lengths in prop::collection::vec(0u32..5, 0..6),
            music in prop::option::of((1u32..5, 0u32..9)),
        ) {
            let total: u32 = lengths.iter().sum();
            let mut playout = Playout::new(lengths.clone(), music.map(|(frames, start)| Loop { frames, start }));
            let steps = play(&mut playout, total as usize + 10);
            let expected: Vec<Sound> = lengths
                .iter()
                .enumerate()
                .flat_map(|(index, length)| (0..*length).map(move |frame| clip(index, frame)))
                .collect();
            let prompts: Vec<Sound> = steps.iter().take(total as usize).map(|step| step.sound).collect();
            prop_assert_eq!(prompts, expected);
            let through = steps.iter().filter(|step| step.prompts == Prompts::Through).count();
            prop_assert_eq!(through, usize::from(!lengths.is_empty()));
        }
    }
}
