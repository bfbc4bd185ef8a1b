//! Where a shard's requests go: what needs no look-up is told at once, the rest is searched for by a task of its own,
//! whose answer comes back through the mailbox.

use super::{Media, Worker};
use crate::mailbox::ShardInput;
use crate::stream::Connections;
use base::ShardId;
use call::settings::Directory;
use call::{Asker, Input};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use sip_core::next_hop::{Answers, Step, Target, locate};
use sip_core::transport::Listener;
use sip_core::{Flow, Host, Transport, Uri};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

impl<M: Media> Worker<M> {
    /// Answers at once where nothing has to be looked up.
    pub(super) fn resolve(&mut self, shard: ShardId, asker: Asker, uri: Uri) -> Option<Input> {
        match locate(&uri, &self.ours, &Answers::new(), &mut self.rng) {
            Step::Found(targets) => {
                if trunk_host(&self.directory, &uri).is_some() {
                    know_trunk(&self.connections, &targets);
                }
                let targets = self.flows_to(&targets);
                return Some(Input::Resolved { asker, targets });
            }
            Step::Ask(_) => {}
        }
        let resolver = self.parts.resolver.clone();
        let connections = self.connections.clone();
        let inputs = self.parts.mailboxes.inputs(self.index).clone();
        let ours = self.ours.clone();
        let random = ChaCha8Rng::from_rng(&mut self.rng);
        let expected = trunk_host(&self.directory, &uri);
        tokio::spawn(async move {
            let targets = resolver.search(&uri, &ours, random).await;
            if let Some(host) = expected {
                know_trunk(&connections, &targets);
                let by_tls = targets.iter().filter(|it| it.transport == Transport::Tls);
                by_tls.for_each(|target| connections.expect(target.address, &host));
            }
            let found = ShardInput::Resolved {
                shard,
                asker,
                targets,
            };
            // The task ends with the process only.
            let _ = inputs.send(found).await;
        });
        None
    }

    /// The flows by which these are reached, in their order.
    pub(super) fn flows_to(&mut self, targets: &[Target]) -> Vec<Flow> {
        let flows = targets.iter().filter_map(|target| self.flow_to(target));
        let mut flows: Vec<Flow> = flows.collect();
        let now = self.parts.clock.now();
        self.parts.resolver.resting.put_last(now, &mut flows);
        flows
    }

    /// From the listener at the address that the system would send from, or at all of them; else from any that could.
    fn flow_to(&mut self, target: &Target) -> Option<Flow> {
        let peer = target.address.ip();
        let any: IpAddr = match peer {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let ours = self.local.towards(SocketAddr::new(any, 0), peer).ip();
        let able = |it: &&Listener| it.can_reach(target.transport, peer);
        let at = |ip: IpAddr| {
            let mut able = self.ours.iter().filter(able);
            able.find(|it| it.address.ip() == ip)
        };
        let listener = at(ours)
            .or_else(|| at(any))
            .or_else(|| self.ours.iter().find(able))?;
        Some(Flow {
            transport: target.transport,
            local: self.local.towards(listener.address, peer),
            remote: target.address,
            connection: 0,
        })
    }
}

/// Connections to a trunk's servers are the trunk's own.
fn know_trunk(connections: &Connections, targets: &[Target]) {
    let by_stream = targets.iter().filter(|it| it.transport != Transport::Udp);
    by_stream.for_each(|target| connections.know_trunk(target.transport, target.address));
}

/// The host by whose name a trunk is known, if the URI is a trunk's: of the administrator's word alone another name
/// is believed than the one that stands in the message.
fn trunk_host(directory: &Directory, uri: &Uri) -> Option<Host> {
    let trunks = directory
        .organisations
        .values()
        .flat_map(|it| it.trunks.values());
    let mut outward = trunks.filter_map(|trunk| trunk.outward.as_ref());
    let known = outward.any(|outward| outward.next_hop == *uri);
    uri.host().filter(|_| known).cloned()
}
