//! Requests within a dialog whose way has to be looked up first: the next hop is a name or of another transport than the
//! party was heard by, or the connection that he came by has ended (RFC 3261 §12.2.1.1, RFC 3263 §4).

use super::again::{Again, leg_of};
use super::{Mark, Shard};
use crate::input::{Asker, Output};
use crate::leg::Leg;
use crate::seeking::{Found, Waiting, is_to_be_sought, place_of};
use crate::unanswered::{Sent, Tried};
use base::{LegId, Time};
use sip_core::transaction::{self, Failure};
use sip_core::{Flow, Method, Request, Transport, Uri};

impl Shard {
    /// Whether a request within a leg's dialog waits for a look-up; if not, it goes to [`Leg::request_flow`].
    pub(super) fn is_sought_for(&self, leg: LegId) -> bool {
        self.leg(leg).and_then(to_be_sought).is_some()
    }

    /// The ACK to a 2xx goes where all requests within the dialog do (RFC 3261 §13.2.2.4).
    pub(super) fn send_ack(
        &mut self,
        now: Time,
        leg: LegId,
        flow: Flow,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        if self.is_sought_for(leg) {
            let sent = Sent::new(request, flow);
            return self.send_found(leg, Waiting { user: None, sent }, out);
        }
        self.transact(now, transaction::Input::SendAck { flow, request }, out);
    }

    /// Sends a request as soon as it is known where the dialog's next hop is.
    pub(super) fn send_found(&mut self, leg: LegId, waiting: Waiting, out: &mut Vec<Output>) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let Some(uri) = entry.dialog().map(|dialog| dialog.next_hop().clone()) else {
            return;
        };
        let is_first = entry.seeking.waiting.is_empty();
        // One too many is given up: whoever has so many unanswered answers none.
        let _ = entry.seeking.waiting.push(waiting);
        if is_first {
            entry.seeking.asked = Some(uri.clone().into());
            let asker = Asker::Dialog(leg);
            out.push(Output::Resolve { asker, uri });
        }
    }

    /// Where the dialog's next hop is, best first. Who has been heard at one of these is still there; where there is none
    /// he is tried where he was last heard.
    pub(super) fn dialog_resolved(
        &mut self,
        now: Time,
        leg: LegId,
        targets: &[Flow],
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let next_hop = entry.dialog().map(|dialog| dialog.next_hop().clone());
        let asked = entry.seeking.asked.take();
        let is_gone = entry.seeking.is_for_one_who_is_gone();
        let targets = match (&next_hop, &asked) {
            (Some(next_hop), Some(asked)) if **asked == *next_hop => targets,
            // RFC 3261 §12.2.1.2: the party has moved meanwhile. Where he was says nothing of where he is.
            (Some(next_hop), _) if is_gone || is_to_be_sought(&entry.flow, next_hop) => {
                let uri = next_hop.clone();
                entry.seeking.asked = Some(uri.clone().into());
                let asker = Asker::Dialog(leg);
                return out.push(Output::Resolve { asker, uri });
            }
            _ => &[],
        };
        let target = place_of(&entry.flow, targets);
        // Who has come by a connection meanwhile is reached by it, unless that is what has ended.
        let leads_there = is_gone || !entry.flow.transport.is_reliable();
        if let Some(target) = target.filter(|_| leads_there) {
            entry.flow = target;
        }
        entry.seeking.found = next_hop.map(Box::new);
        let flow = entry.request_flow();
        let waiting = std::mem::take(&mut entry.seeking.waiting);
        for Waiting { user, mut sent } in waiting.iter().cloned() {
            sent.flow = flow;
            match user {
                None => {
                    let request = sent.request;
                    self.transact(now, transaction::Input::SendAck { flow, request }, out);
                }
                Some(user) if target.is_none() && sent.tried == Tried::LookedUp => {
                    self.no_response(now, user, Failure::Transport, out);
                }
                Some(user) => self.send_kept(now, user, sent, out),
            }
        }
    }

    /// A PRACK, or whatever else is sent within an early dialog, goes where all requests within it do.
    pub(super) fn send_early(
        &mut self,
        now: Time,
        user: Mark,
        next_hop: Uri,
        sent: Sent,
        out: &mut Vec<Output>,
    ) {
        let Some((leg, entry)) = leg_of(user).and_then(|leg| Some((leg, self.leg_mut(leg)?)))
        else {
            return;
        };
        if entry.pinned || !is_to_be_sought(&entry.flow, &next_hop) {
            return self.send_kept(now, user, sent, out);
        }
        let seeking = entry.seeking.early.get_or_insert_default();
        let found = seeking.found.as_ref();
        if let Some(flow) = found.and_then(|found| found.way_to(&next_hop)) {
            let sent = Sent { flow, ..sent };
            return self.send_kept(now, user, sent, out);
        }
        let is_first = seeking.waiting.is_empty();
        let kept = seeking.waiting.push((next_hop.clone(), user, sent));
        match (kept, user) {
            (Ok(()), _) if is_first => {
                let asker = Asker::Early(leg);
                let uri = next_hop;
                out.push(Output::Resolve { asker, uri });
            }
            (Err(_), Mark::Talk(_)) => self.told_to_answer(leg, None),
            // One too many is given up: its party says again what it wants acknowledged.
            (Ok(()) | Err(_), _) => {}
        }
    }

    /// Where the next hop of the request is that has waited longest: all that have the same go there, then the next is
    /// looked up. One that is nowhere to be found is tried where the INVITE was answered from.
    pub(super) fn early_resolved(
        &mut self,
        now: Time,
        leg: LegId,
        targets: &[Flow],
        out: &mut Vec<Output>,
    ) {
        let Some(entry) = self.leg_mut(leg) else {
            return;
        };
        let flow = place_of(&entry.flow, targets).unwrap_or(entry.flow);
        let Some(seeking) = entry.seeking.early.as_mut() else {
            return;
        };
        let Some((next_hop, ..)) = seeking.waiting.first().cloned() else {
            return;
        };
        let mut going = Vec::new();
        seeking.waiting.retain(|(hop, user, sent)| {
            let goes = *hop == next_hop;
            going.extend(goes.then(|| (*user, sent.clone())));
            !goes
        });
        seeking.found = Some(Found { next_hop, flow });
        let next = seeking.waiting.first().map(|(hop, ..)| hop.clone());
        for (user, sent) in going {
            let sent = Sent { flow, ..sent };
            self.send_kept(now, user, sent, out);
        }
        if let Some(uri) = next {
            let asker = Asker::Early(leg);
            out.push(Output::Resolve { asker, uri });
        }
    }

    /// A request within a dialog could not go over the connection that its party came by: it goes where the dialog's
    /// next hop is found, once, under a number of its own since nobody knows whether it has arrived.
    pub(super) fn sent_elsewhere(
        &mut self,
        user: Mark,
        failure: Failure,
        out: &mut Vec<Output>,
    ) -> Again {
        let waiting = match failure {
            Failure::Transport => self.take_undelivered(user),
            Failure::Timeout => None,
        };
        match waiting {
            Some((leg, waiting)) => {
                self.send_found(leg, waiting, out);
                Again::Sent
            }
            None => Again::Not,
        }
    }

    fn take_undelivered(&mut self, user: Mark) -> Option<(LegId, Waiting)> {
        let leg = leg_of(user).filter(|_| !matches!(user, Mark::Invite(_)))?;
        let entry = self.leg_mut(leg)?;
        let method = method_of(entry, user)?;
        let mut sent = entry.unanswered.take_latest(&method)?;
        let by = sent.flow.transport;
        let may_move = matches!(by, Transport::Tcp | Transport::Tls) && !entry.pinned;
        if !may_move || sent.flow.connection == 0 || sent.tried == Tried::LookedUp {
            return None;
        }
        sent.tried = Tried::LookedUp;
        let dialog = entry.dialog_mut()?;
        dialog.local_cseq = dialog.local_cseq.saturating_add(1);
        let number = dialog.local_cseq;
        sent.number(number);
        if let (Mark::Session(_), Some(session)) = (user, &mut entry.exchange.sent) {
            session.cseq = number;
        }
        let user = Some(user);
        Some((leg, Waiting { user, sent }))
    }
}

/// The dialog's next hop, if it has to be looked up before anything is sent there. Whoever is behind an address
/// translator is reached where he was last heard.
fn to_be_sought(leg: &Leg) -> Option<&Uri> {
    let next_hop = leg.dialog().filter(|_| !leg.pinned)?.next_hop();
    let is_news = leg.seeking.found.as_deref() != Some(next_hop);
    (is_news && is_to_be_sought(&leg.flow, next_hop)).then_some(next_hop)
}

fn method_of(leg: &Leg, user: Mark) -> Option<Method> {
    match user {
        Mark::Bye(_) => Some(Method::Bye),
        Mark::Notify(_) => Some(Method::Notify),
        Mark::Info(_) => Some(Method::Info),
        Mark::Session(_) => Some(leg.exchange.sent.as_ref()?.method.clone()),
        // Before the INVITE is answered there are several dialogs, or none.
        _ => None,
    }
}
