//! What one transaction writes, and what is told and counted of it.

use crate::audit::{self, AuditRow};
use crate::backlog::Waiting;
use crate::callbacks::{self, CallbackChange};
use crate::calls::{self, WaitingCall};
use crate::failure::Failure;
use crate::journal;
use crate::pending::Entry;
use crate::statement::Statement;
use crate::steps::WaitingStep;
use crate::store::{NotStored, Waiter};
use crate::together;
use crate::wiping;
use metrics::counter;

/// What one transaction writes.
pub(crate) enum Batch {
    Rows(Vec<Entry<Waiter>>),
    /// With what their run is called.
    Records(u64, Vec<Waiting<Waiter>>),
    Steps(Vec<WaitingStep<Waiter>>),
    Calls(Vec<WaitingCall>),
    Audit(Vec<AuditRow>),
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Batch::Rows(rows) => rows.is_empty(),
            Batch::Records(_, records) => records.is_empty(),
            Batch::Steps(steps) => steps.is_empty(),
            Batch::Calls(calls) => calls.is_empty(),
            Batch::Audit(rows) => rows.is_empty(),
        }
    }

    /// Whether it takes something away that must not be found any more.
    pub(crate) fn erases(&self) -> bool {
        let Batch::Steps(steps) = self else {
            return false;
        };
        let mut changes = steps.iter().flat_map(|it| &it.step.changes);
        changes.any(|change| matches!(change, CallbackChange::Erase(_)))
    }

    pub(crate) fn statements(&self) -> Box<dyn Iterator<Item = Statement<'_>> + '_> {
        match self {
            Batch::Rows(rows) => {
                Box::new(together::statements(rows.iter().map(|entry| &entry.write)))
            }
            Batch::Records(run, records) => Box::new(journal::append(*run, records)),
            Batch::Steps(steps) => {
                let mark = self.erases().then(wiping::mark);
                let steps = callbacks::statements(steps.iter().map(|it| &it.step));
                Box::new(steps.chain(mark))
            }
            Batch::Calls(calls) => Box::new(calls::statements(calls)),
            Batch::Audit(rows) => Box::new(rows.iter().map(audit::put)),
        }
    }

    /// One for each row, record or step.
    pub(crate) fn parts(self) -> Vec<Batch> {
        match self {
            Batch::Rows(rows) => rows.into_iter().map(|row| Batch::Rows(vec![row])).collect(),
            Batch::Records(run, records) => {
                let parts = records.into_iter();
                parts
                    .map(|record| Batch::Records(run, vec![record]))
                    .collect()
            }
            Batch::Steps(steps) => steps
                .into_iter()
                .map(|step| Batch::Steps(vec![step]))
                .collect(),
            Batch::Calls(calls) => {
                let parts = calls.into_iter();
                parts.map(|call| Batch::Calls(vec![call])).collect()
            }
            Batch::Audit(rows) => {
                let parts = rows.into_iter();
                parts.map(|row| Batch::Audit(vec![row])).collect()
            }
        }
    }

    /// It is on disk.
    pub(crate) fn acknowledge(self) {
        counter!("kolapp_store_commits_total").increment(1);
        match &self {
            Batch::Rows(rows) => {
                for entry in rows {
                    let about = entry.write.about();
                    counter!("kolapp_store_written_total", "about" => about).increment(1);
                }
            }
            Batch::Records(_, records) => {
                let count = records.len() as u64;
                counter!("kolapp_store_written_total", "about" => "journal").increment(count);
            }
            Batch::Steps(steps) => {
                let count = steps.len() as u64;
                counter!("kolapp_store_written_total", "about" => "callbacks").increment(count);
            }
            Batch::Calls(calls) => {
                let count = calls.len() as u64;
                counter!("kolapp_store_written_total", "about" => "calls").increment(count);
            }
            Batch::Audit(rows) => {
                let count = rows.len() as u64;
                counter!("kolapp_store_written_total", "about" => "audit").increment(count);
            }
        }
        self.tell(Ok(()));
    }

    /// It can't be stored, now or later.
    pub(crate) fn refuse(self, failure: &Failure) {
        match &self {
            Batch::Rows(rows) => {
                for entry in rows {
                    tracing::error!(error = %failure, write = ?entry.write, "a row can't be stored");
                }
            }
            Batch::Records(_, records) => {
                for record in records {
                    counter!("kolapp_journal_lost_total").increment(1);
                    tracing::error!(error = %failure, seq = record.seq, "a record can't be stored");
                }
            }
            Batch::Steps(steps) => {
                for it in steps {
                    let entries = it.step.changes.iter().map(CallbackChange::id);
                    let entries: Vec<u64> = entries.collect();
                    tracing::error!(error = %failure, ?entries, "a step of callback lists can't be stored");
                }
            }
            Batch::Calls(calls) => {
                for call in calls {
                    counter!("kolapp_call_records_lost_total").increment(1);
                    tracing::error!(error = %failure, call = call.id(), "a call's record can't be stored");
                }
            }
            Batch::Audit(rows) => {
                for row in rows {
                    counter!("kolapp_audit_lost_total").increment(1);
                    tracing::error!(error = %failure, who = row.who, "what somebody had done can't be stored");
                }
            }
        }
        counter!("kolapp_store_failures_total", "kind" => failure.kind.label()).increment(1);
        self.tell(Err(NotStored::Row));
    }

    fn tell(self, result: Result<(), NotStored>) {
        let waiters: Vec<Waiter> = match self {
            Batch::Rows(rows) => rows.into_iter().flat_map(|entry| entry.waiters).collect(),
            Batch::Records(_, records) => records.into_iter().filter_map(|it| it.waiter).collect(),
            Batch::Steps(steps) => steps.into_iter().map(|it| it.waiter).collect(),
            Batch::Calls(_) | Batch::Audit(_) => Vec::new(),
        };
        for waiter in waiters {
            // Whoever waited may have gone away.
            let _ = waiter.send(result);
        }
    }
}
