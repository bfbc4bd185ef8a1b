//! Decisions on agents' commands. Each is answered once; one that finds its wish already true succeeds.

use crate::agent::{Agent, Engagement, PAUSE_REASON_CHARS_MAX};
use crate::engine::Step;
use crate::fact::{Fact, Origin};
use crate::input::Asker;
use crate::output::{Command, CommandRefusal, WithdrawCause};
use base::{QueueId, UserId};
use control::{AgentCommand, Permitted, Queues};
use std::collections::BTreeSet;

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
        if let Some(Engagement::Offered(offer)) = known.engaged
            && self
                .engine
                .offers
                .get(&offer)
                .is_some_and(|made| queues.contains(&made.queue))
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
        let known = self.logged_in_agent(&agent)?;
        let reason: Option<String> =
            reason.map(|reason| reason.chars().take(PAUSE_REASON_CHARS_MAX).collect());
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

    fn listed_agent(&self, agent: &UserId) -> Result<&Agent, CommandRefusal> {
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

    fn queues_meant(
        &self,
        agent: &UserId,
        queues: Queues,
    ) -> Result<BTreeSet<QueueId>, CommandRefusal> {
        let known = self.listed_agent(agent)?;
        match queues {
            Queues::All if known.member_of.is_empty() => {
                Err(CommandRefusal::NoQueue(agent.clone()))
            }
            Queues::All => Ok(known.member_of.clone()),
            Queues::One(queue) if known.member_of.contains(&queue) => Ok(BTreeSet::from([queue])),
            Queues::One(queue) => Err(CommandRefusal::NotAMember {
                agent: agent.clone(),
                queue,
            }),
        }
    }
}
