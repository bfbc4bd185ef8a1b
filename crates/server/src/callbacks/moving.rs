//! A callback at another time: where the time that was meant can't be had, it is said which there are.

use super::asking::moment;
use crate::commands::Commands;
use crate::ctl::protocol::{Failure, WindowName};
use crate::documents::{Answer, CallbackDone};
use base::QueueId;
use callback::{Refusal, Row, Wish};
use control::{CallbackCommand, EntryAction, Principal, WindowChoice};

impl Commands {
    pub(super) async fn move_callback(
        &self,
        by: Principal,
        row: Row,
        version: Option<u32>,
        choice: Option<WindowChoice>,
    ) -> Result<Answer, Failure> {
        let is_in_window = choice.is_some();
        let command = CallbackCommand::Entry {
            list: row.queue.clone(),
            entry: row.id,
            version,
            action: EntryAction::Move(choice),
        };
        if let Err(refusal) = self.do_to_callbacks(by, command).await? {
            let mut failure = Failure::new(refusal.to_string());
            if is_in_window && refusal == Refusal::ChoiceGone {
                failure.details = self.windows_of(&row.queue);
            }
            return Err(failure);
        }
        // It may have gone on since, and is told as it is.
        let stand = self.0.callbacks.stand();
        let row = stand.entry(row.id).map_or(&row, |whole| &whole.row);
        Ok(Answer::CallbackDone(CallbackDone::Moved {
            entry: row.id.to_string(),
            window: match &row.wish {
                Wish::AsSoonAsPossible => None,
                Wish::Window(window) => Some(window.name.to_string()),
            },
            due: moment(row.due),
        }))
    }

    /// A line for each window of a list that is still to come.
    fn windows_of(&self, list: &QueueId) -> Vec<String> {
        let loaded = self.0.config.loaded();
        let now = self.0.clock.wall(self.0.clock.now());
        let now = now.unix_seconds(self.0.clock.now());
        let closes = self.0.quick.all();
        let hours = loaded
            .callback_windows
            .hours(list, &loaded.directory, &closes, now);
        let line = |window: &callback::Window| {
            let (from, until) = (moment(window.span.from), moment(window.span.until));
            format!("{} has {} from {from} until {until}", list, window.name)
        };
        match hours.windows.is_empty() {
            true => vec![format!("{list} has no windows in the days to come")],
            false => hours.windows.iter().map(line).collect(),
        }
    }
}

impl From<WindowName> for WindowChoice {
    fn from(window: WindowName) -> WindowChoice {
        WindowChoice {
            name: window.name,
            starts: window.from.map(|from| from.as_second()),
        }
    }
}
