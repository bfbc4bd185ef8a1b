//! Decisions on agents' commands. Each is answered once; one that finds its wish already true succeeds.

use crate::agent::{Agent, Engagement, PAUSE_REASON_CHARS_MAX};
use crate::engine::Step;
use crate::fact::{Fact, Origin};
use crate::input::Asker;
use crate::output::{Command, CommandRefusal, WithdrawCause};
use crate::settings::WRAP_UP_EXTENSION;
use base::{QueueId, UserId};
use control::{AgentCommand, Permitted, Queues};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longest rest of wrap-up time that an extension may lead to: who needs more takes a pause, which
/// others see for what it is.
pub const WRAP_UP_MAX: Duration = Duration::from_secs(3_600);

impl Step<'_> {
    pub(crate) fn agent_command(&mut self, asker: Asker, command: Permitted<AgentCommand>) {
        let (by, command) = command.into_parts();
        let by = Origin::Person(by);
        let result = match command {
            AgentCommand::LogIn { agent, queues } => self
                .queues_meant(&agent, queues)
                .map(|queues| self.log_in(&agent, &queues, by)),
            AgentCommand::LogOut { agent, queues } => self
                .queues_meant(&agent, queues)
                .map(|queues| self.log_out(&agent, &queues, by)),
            AgentCommand::Pause { agent, reason } => self.pause(agent, reason, by),
            AgentCommand::Resume { agent } => self.resume(agent, by),
            AgentCommand::EndWrapUp { agent } => self.end_wrap_up(agent, by),
            AgentCommand::ExtendWrapUp { agent, span } => self.extend_wrap_up(agent, span, by),
        };
        self.out.commands.push(Command::Answer { asker, result });
    }

    pub(crate) fn log_in(&mut self, agent: &UserId, queues: &BTreeSet<QueueId>, by: Origin) {
        let Some(known) = self.engine.agents.named(agent) else {
            return;
        };
        let fresh = |queue: &&QueueId| {
            known.member_of.contains(*queue) && !known.logins.contains_key(*queue)
        };
        let queues: BTreeSet<QueueId> = queues.iter().filter(fresh).cloned().collect();
        if !queues.is_empty() {
            self.emit(Fact::LoggedIn {
                agent: agent.clone(),
                queues,
                by,
            });
        }
    }

    pub(crate) fn log_out(&mut self, agent: &UserId, queues: &BTreeSet<QueueId>, by: Origin) {
        let Some(known) = self.engine.agents.named(agent) else {
            return;
        };
        let logged_in = |queue: &&QueueId| known.logins.contains_key(*queue);
        let queues: BTreeSet<QueueId> = queues.iter().filter(logged_in).cloned().collect();
        if queues.is_empty() {
            return;
        }
        if let Some(Engagement::Offered(offer) | Engagement::Entrusted(offer)) = known.engaged
            && self
                .engine
                .queue_of(offer)
                .is_some_and(|queue| queues.contains(queue))
        {
            self.withdraw(offer, WithdrawCause::AgentGone);
        }
        self.emit(Fact::LoggedOut {
            agent: agent.clone(),
            queues,
            by,
        });
    }

    fn pause(
        &mut self,
        agent: UserId,
        reason: Option<String>,
        by: Origin,
    ) -> Result<(), CommandRefusal> {
        self.listed_agent(&agent)?;
        let reason = self.reason_meant(&agent, reason)?;
        let known = self.logged_in_agent(&agent)?;
        // To pause again without a reason takes none away.
        let unchanged = known
            .pause
            .as_ref()
            .is_some_and(|pause| reason.is_none() || pause.reason == reason);
        if !unchanged {
            self.withdraw_from(&agent, WithdrawCause::AgentGone);
            self.emit(Fact::Paused { agent, reason, by });
        }
        Ok(())
    }

    fn resume(&mut self, agent: UserId, by: Origin) -> Result<(), CommandRefusal> {
        if self.logged_in_agent(&agent)?.pause.is_some() {
            self.emit(Fact::Resumed { agent, by });
        }
        Ok(())
    }

    /// The reason in the administrator's words, whether its code or its word was given.
    fn reason_meant(
        &self,
        agent: &UserId,
        reason: Option<String>,
    ) -> Result<Option<String>, CommandRefusal> {
        let Some(reason) = reason else {
            return Ok(None);
        };
        let reason: String = reason.chars().take(PAUSE_REASON_CHARS_MAX).collect();
        let rules = self.engine.settings.rules.get(agent.org_name());
        let reasons = rules.map(|rules| &rules.pause_reasons);
        let Some(reasons) = reasons.filter(|reasons| !reasons.is_empty()) else {
            return Ok(Some(reason));
        };
        let by_code = reasons.get(reason.as_str());
        let meant = by_code.or_else(|| reasons.values().find(|word| ***word == *reason));
        match meant {
            Some(word) => Ok(Some(String::from(&**word))),
            None => {
                let known = reasons.iter().map(|(code, word)| format!("{code} {word}"));
                let known = known.collect::<Vec<_>>().join(", ");
                Err(CommandRefusal::NoSuchReason { reason, known })
            }
        }
    }

    fn end_wrap_up(&mut self, agent: UserId, by: Origin) -> Result<(), CommandRefusal> {
        if self.listed_agent(&agent)?.wrap_up_until.is_some() {
            let by = Some(by);
            self.emit(Fact::WrapUpEnded { agent, by });
        }
        Ok(())
    }

    fn extend_wrap_up(
        &mut self,
        agent: UserId,
        span: Option<Duration>,
        by: Origin,
    ) -> Result<(), CommandRefusal> {
        let Some(until) = self.listed_agent(&agent)?.wrap_up_until else {
            return Err(CommandRefusal::NoWrapUp(agent));
        };
        let span = span.unwrap_or_else(|| {
            let rules = self.engine.settings.rules.get(agent.org_name());
            rules.map_or(WRAP_UP_EXTENSION, |rules| rules.wrap_up_extension)
        });
        // A span that somebody names may be anything; a rest that is longer already is let be.
        let latest = until.max(self.now + WRAP_UP_MAX);
        let until = (until + span.min(WRAP_UP_MAX)).min(latest);
        self.emit(Fact::WrapUpExtended { agent, until, by });
        Ok(())
    }

    pub(crate) fn listed_agent(&self, agent: &UserId) -> Result<&Agent, CommandRefusal> {
        let known = self.engine.agents.named(agent).filter(|known| known.listed);
        known.ok_or_else(|| CommandRefusal::NoSuchAgent(agent.clone()))
    }

    fn logged_in_agent(&self, agent: &UserId) -> Result<&Agent, CommandRefusal> {
        let known = self.listed_agent(agent)?;
        if known.logins.is_empty() {
            return Err(CommandRefusal::NotLoggedIn(agent.clone()));
        }
        Ok(known)
    }

    pub(crate) fn queues_meant(
        &self,
        agent: &UserId,
        queues: Queues,
    ) -> Result<BTreeSet<QueueId>, CommandRefusal> {
        let known = self.listed_agent(agent)?;
        match queues {
            Queues::All if known.member_of.is_empty() => {
                let queues = self.engine.settings.queues.iter();
                let mut his = queues.filter(|(_, queue)| queue.members.contains_key(agent));
                Err(match his.next() {
                    Some((queue, _)) => no_licence(agent, queue),
                    None => CommandRefusal::NoQueue(agent.clone()),
                })
            }
            Queues::All => Ok(known.member_of.clone()),
            Queues::One(queue) if known.member_of.contains(&queue) => Ok(BTreeSet::from([queue])),
            Queues::One(queue) => {
                let settings = self.engine.settings.queues.get(&queue);
                let is_member = settings.is_some_and(|queue| queue.members.contains_key(agent));
                Err(match is_member {
                    true => no_licence(agent, &queue),
                    false => CommandRefusal::NotAMember {
                        agent: agent.clone(),
                        queue,
                    },
                })
            }
        }
    }
}

/// He is a member, so it is his licence that keeps him out.
fn no_licence(agent: &UserId, queue: &QueueId) -> CommandRefusal {
    CommandRefusal::NoLicence {
        agent: agent.clone(),
        queue: queue.clone(),
    }
}
