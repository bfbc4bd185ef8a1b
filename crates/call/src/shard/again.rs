//! Our requests to the party of a leg, and the same again where the party asks for other words: with credentials
//! (RFC 3261 §22), or for a longer session (RFC 4028 §7.3). One way for all of them.

use super::{Mark, Shard};
use crate::challenge;
use crate::early::Forks;
use crate::identity::Trust;
use crate::input::{CallEvent, Output};
use crate::leg::{Leg, SentInvite, State};
use crate::seeking::Waiting;
use crate::settings::Trunk;
use crate::trunk::Account;
use crate::unanswered::Sent;
use base::{LegId, Time, TrunkId};
use sip_core::transaction;
use sip_core::{Flow, HeaderName, Method, Request, Response, StatusCode};

/// Challenges to one request that are answered: the first, and one more that says that the nonce was stale.
const CHALLENGES_MAX: u8 = 2;

/// Whether a request that was refused goes out once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Sent,
    Not,
}

impl Shard {
    /// Sends a request to a leg's party, which may ask for it again in other words.
    pub(super) fn send(
        &mut self,
        now: Time,
        user: Mark,
        flow: Flow,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let sent = Sent::new(request, flow);
        match leg_of(user).filter(|leg| self.is_sought_for(*leg)) {
            Some(leg) => {
                let user = Some(user);
                self.send_found(leg, Waiting { user, sent }, out);
            }
            None => self.send_kept(now, user, sent, out),
        }
    }

    pub(super) fn send_kept(&mut self, now: Time, user: Mark, sent: Sent, out: &mut Vec<Output>) {
        let (flow, request) = (sent.flow, sent.request.clone());
        if let Some(leg) = leg_of(user)
            // By a connection, since that may end before the request is answered.
            && (request.method == Method::Invite
                || flow.connection != 0
                || self.account(leg).is_some())
            && let Some(leg) = self.leg_mut(leg)
        {
            leg.unanswered.keep(sent);
        }
        let send = transaction::Input::Send {
            user,
            flow,
            request,
        };
        self.transact(now, send, out);
    }

    /// A response to one of those requests: is it to be sent again?
    pub(super) fn asked_again(
        &mut self,
        now: Time,
        user: Mark,
        response: &Response,
        out: &mut Vec<Output>,
    ) -> Again {
        let Some(leg) = leg_of(user).filter(|_| response.is_final()) else {
            return Again::Not;
        };
        let kept = self
            .leg_mut(leg)
            .and_then(|it| it.unanswered.take(response));
        let still = self.leg(leg).is_some_and(|leg| wants(leg, user, response));
        let Some(mut sent) = kept.filter(|_| still) else {
            return Again::Not;
        };
        let other_words = match response.status {
            StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                self.with_credentials(leg, &mut sent, response, out)
            }
            StatusCode::SESSION_INTERVAL_TOO_SMALL if matches!(user, Mark::Invite(_)) => {
                self.for_longer(leg, &mut sent, response)
            }
            _ => None,
        };
        let numbered = other_words.and_then(|()| {
            let number = self.next_number(leg, user, &sent, response)?;
            sent.number(number);
            Some(())
        });
        if numbered.is_none() {
            return Again::Not;
        }
        self.send_kept(now, user, sent, out);
        Again::Sent
    }

    /// Answers the challenge in a response if it is of the realm that the trunk's account is for, and of no other,
    /// whoever names it.
    fn with_credentials(
        &mut self,
        leg: LegId,
        sent: &mut Sent,
        response: &Response,
        out: &mut Vec<Output>,
    ) -> Option<()> {
        let cnonce = format!("{:016x}", self.random());
        let trunk = trunk_of(self.leg(leg)?)?.clone();
        let account = self.account(leg);
        let asked = match challenge::for_account(account, response) {
            Ok(asked) => asked,
            Err(realm) => {
                out.push(Output::Event(CallEvent::ChallengeIgnored { trunk, realm }));
                return None;
            }
        };
        let again = sent.challenges > 0 && !asked.challenge.stale;
        if again || sent.challenges >= CHALLENGES_MAX {
            return None;
        }
        sent.challenges += 1;
        for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
            sent.request.headers.remove(&name);
        }
        challenge::answer(&asked, account?, 1, &cnonce, &mut sent.request);
        Some(())
    }

    /// RFC 4028 §7.3: the same INVITE for a session that stands as long as the party wants at least.
    fn for_longer(&mut self, leg: LegId, sent: &mut Sent, response: &Response) -> Option<()> {
        let raised = self.session_wanted(leg)?.raised_by(&response.headers)?;
        let headers = &mut sent.request.headers;
        headers.remove(&HeaderName::SessionExpires);
        headers.remove(&HeaderName::MinSe);
        raised.ask(headers);
        self.leg_mut(leg)?.exchange.granted = Some(raised);
        Some(())
    }

    /// The number of the request that goes out in place of another.
    fn next_number(
        &mut self,
        leg: LegId,
        user: Mark,
        sent: &Sent,
        response: &Response,
    ) -> Option<u32> {
        let entry = self.leg_mut(leg)?;
        if matches!(user, Mark::Invite(_)) {
            // RFC 3261 §8.1.3.5: the same Call-ID and tag, the next number. Whoever rang does so no more.
            entry.state = State::Calling {
                invite: SentInvite {
                    key: None,
                    heard: true,
                    forks: Forks::default(),
                },
            };
            return Some(sent.request.headers.cseq().ok()?.number + 1);
        }
        let dialog = entry.dialog_of(response)?;
        dialog.local_cseq += 1;
        let number = dialog.local_cseq;
        if let (Mark::Session(_), Some(session)) = (user, &mut entry.exchange.sent) {
            session.cseq = number;
        }
        Some(number)
    }

    /// Whether the word of a leg's trunk counts.
    pub(super) fn trust_of(&self, leg: LegId) -> Trust {
        let trunk = self.trunk(leg);
        trunk.map_or(Trust::No, |trunk| trunk.identity.trust)
    }

    /// What the challenges of a leg's trunk are answered with.
    fn account(&self, leg: LegId) -> Option<&Account> {
        self.trunk(leg)?.outward.as_ref()?.account.as_ref()
    }

    fn trunk(&self, leg: LegId) -> Option<&Trunk> {
        let entry = self.leg(leg)?;
        let org = &self.call(entry.call)?.org;
        let organisation = self.directory.organisations.get(org)?;
        organisation.trunks.get(trunk_of(entry)?)
    }
}

fn trunk_of(leg: &Leg) -> Option<&TrunkId> {
    match &leg.way {
        Some(way) => Some(&way.trunk),
        None => leg.trunk.as_ref(),
    }
}

/// The leg that a request of ours is about, where its party may ask for it again.
pub(super) fn leg_of(user: Mark) -> Option<LegId> {
    match user {
        Mark::Invite(leg)
        | Mark::Bye(leg)
        | Mark::Notify(leg)
        | Mark::Session(leg)
        | Mark::Prack(leg)
        | Mark::Info(leg)
        | Mark::Talk(leg) => Some(leg),
        Mark::Stray | Mark::Lamp(_) | Mark::Message(_) | Mark::Trunk(_) => None,
    }
}

/// Whether the answer still matters.
fn wants(leg: &Leg, user: Mark, response: &Response) -> bool {
    match user {
        Mark::Invite(_) | Mark::Prack(_) | Mark::Talk(_) => {
            matches!(leg.state, State::Calling { .. })
        }
        Mark::Bye(_) => matches!(leg.state, State::Leaving { .. }),
        Mark::Notify(_) => leg.is_up() && leg.notifier.is_some(),
        Mark::Info(_) => leg.is_up(),
        Mark::Session(_) => {
            let number = response.headers.cseq().map(|cseq| cseq.number);
            let sent = leg.exchange.sent.as_ref().map(|sent| sent.cseq);
            leg.is_up() && sent.is_some() && number.ok() == sent
        }
        Mark::Stray | Mark::Lamp(_) | Mark::Message(_) | Mark::Trunk(_) => false,
    }
}
