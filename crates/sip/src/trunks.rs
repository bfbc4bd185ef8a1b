//! What is known of each trunk, kept together over all shards for people: the control socket, `/healthz` and the
//! metrics. Leaf facts by trunk, told by the shard that keeps it up; shards tell one another by themselves.

use base::TrunkId;
use call::upkeep::{Registers, TrunkState, TrunkView};
use dashmap::DashMap;
use metrics::{counter, gauge};
use std::collections::BTreeMap;

/// What is known of all trunks that are kept up.
#[derive(Default)]
pub struct Trunks(DashMap<TrunkId, TrunkView, ahash::RandomState>);

impl Trunks {
    /// Nothing is known yet.
    pub fn new() -> Trunks {
        Trunks::default()
    }

    pub(crate) fn changed(&self, view: TrunkView) {
        let before = self.0.insert(view.trunk.clone(), view.clone());
        let name = || view.trunk.to_string();
        let up = match view.state {
            TrunkState::Up => 1.0,
            TrunkState::Unknown | TrunkState::Down => 0.0,
        };
        gauge!("kolapp_trunk_up", "trunk" => name()).set(up);
        match view.registers {
            Registers::Not => {}
            Registers::Absent => gauge!("kolapp_trunk_registered", "trunk" => name()).set(0.0),
            Registers::Until { .. } => {
                gauge!("kolapp_trunk_registered", "trunk" => name()).set(1.0)
            }
        }
        let state_before = before.as_ref().map(|before| before.state);
        if state_before.is_some_and(|before| before != view.state) {
            let to = view.state.word();
            counter!("kolapp_trunk_changes_total", "trunk" => name(), "to" => to).increment(1);
        }
        let trouble_before = before.and_then(|before| before.trouble);
        log(&view, state_before, trouble_before != view.trouble);
    }

    pub(crate) fn forgotten(&self, trunk: &TrunkId) {
        self.0.remove(trunk);
        // No value, which no alarm takes for down.
        gauge!("kolapp_trunk_up", "trunk" => trunk.to_string()).set(f64::NAN);
        gauge!("kolapp_trunk_registered", "trunk" => trunk.to_string()).set(f64::NAN);
        tracing::info!(%trunk, "trunk is looked after no more");
    }

    /// What is known of a trunk; none where nobody keeps it up.
    pub fn view(&self, trunk: &TrunkId) -> Option<TrunkView> {
        self.0.get(trunk).map(|view| view.clone())
    }

    /// The state of each.
    pub fn states(&self) -> BTreeMap<TrunkId, TrunkState> {
        let views = self.0.iter();
        views.map(|view| (view.trunk.clone(), view.state)).collect()
    }

    /// Whether any has us registered.
    pub fn any_registered(&self) -> bool {
        let mut views = self.0.iter();
        views.any(|view| matches!(view.registers, Registers::Until { .. }))
    }
}

/// Tells of what is news, once.
fn log(view: &TrunkView, before: Option<TrunkState>, is_new_trouble: bool) {
    let trunk = &view.trunk;
    match (&view.trouble, view.state) {
        (_, TrunkState::Up) if before != Some(TrunkState::Up) => {
            let at = match view.registers {
                Registers::Until { at, .. } => Some(tracing::field::display(at)),
                Registers::Not | Registers::Absent => None,
            };
            tracing::info!(%trunk, registered_at = at, "trunk is up");
        }
        (Some(trouble), TrunkState::Down) if before != Some(TrunkState::Down) => {
            tracing::warn!(%trunk, %trouble, "trunk is down");
        }
        (Some(trouble), _) if is_new_trouble => {
            tracing::warn!(%trunk, %trouble, state = view.state.word(), "trunk");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Time;
    use call::upkeep::Trouble;

    #[test]
    fn what_was_told_last_is_what_is_known_and_nothing_of_what_is_forgotten() {
        let trunks = Trunks::new();
        let trunk: TrunkId = "demo/provider".parse().unwrap();
        let mut view = TrunkView {
            trunk: trunk.clone(),
            state: TrunkState::Up,
            since: Time::ZERO,
            registers: Registers::Until {
                expires: Time::NEVER,
                at: "192.0.2.1:5060".parse().unwrap(),
            },
            trouble: None,
        };
        trunks.changed(view.clone());
        assert!(trunks.any_registered());
        view.state = TrunkState::Down;
        view.registers = Registers::Absent;
        view.trouble = Some(Trouble::NoAnswer);
        trunks.changed(view.clone());
        assert!(!trunks.any_registered());
        assert_eq!(trunks.view(&trunk), Some(view));
        assert_eq!(trunks.states(), [(trunk.clone(), TrunkState::Down)].into());
        trunks.forgotten(&trunk);
        assert_eq!(trunks.view(&trunk), None);
    }
}
