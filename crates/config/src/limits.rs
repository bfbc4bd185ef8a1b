//! `[limits]` and `[bans]`: how much and how fast, and who is kept out for guessing. Taken up by a running
//! server.

use crate::address;
use crate::problems::Problem;
use crate::section::{At, Context, Section};
use crate::value;
use call::settings::{BanSettings, Limits, Loopback};
use sip_core::guard::{PER_SECOND_MAX, Rate};
use std::time::Duration;

/// Calls at once that may be asked for: each takes two pairs of ports, of which an address has 32,000.
const CALLS_MAX_MOST: u32 = 1_000_000;

/// Addresses never banned and scanners' names at most: each is compared with in turn.
const LIST_MAX: usize = 256;

/// Most offences before a ban: more would let a scanner try a list of common passwords.
const OFFENCES_MOST: u32 = 1_000;

pub(crate) fn read_limits(top: &mut Section<'_>, context: &mut Context<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(mut section) = top.section("limits", "[limits]", context) else {
        return limits;
    };
    for (name, limit) in [
        ("calls_max", &mut limits.calls_max),
        ("calls_per_user", &mut limits.calls_per_user),
        ("early_calls_per_user", &mut limits.early_calls_per_user),
        ("early_calls_per_trunk", &mut limits.early_calls_per_trunk),
    ] {
        if let Some(at) = section.take(name, value::whole(1..=CALLS_MAX_MOST), context) {
            *limit = at.value;
        }
    }
    for (name, rate) in [
        ("requests_per_source", &mut limits.requests_per_source),
        ("requests_per_peer", &mut limits.requests_per_peer),
        ("invites_per_user", &mut limits.invites_per_user),
        ("registers_per_user", &mut limits.registers_per_user),
        ("subscribes_per_user", &mut limits.subscribes_per_user),
        ("messages_per_user", &mut limits.messages_per_user),
        ("invites_per_trunk", &mut limits.invites_per_trunk),
    ] {
        if let Some(at) = section.take(name, value::whole(1..=PER_SECOND_MAX), context) {
            *rate = Rate::per_second(at.value);
        }
    }
    limits.loopback = read_loopback(&mut section, context);
    section.finish(context);
    limits
}

pub(crate) fn read_bans(top: &mut Section<'_>, context: &mut Context<'_>) -> BanSettings {
    let mut bans = BanSettings::default();
    let Some(mut section) = top.section("bans", "[bans]", context) else {
        return bans;
    };
    let seconds = Duration::from_secs;
    let day = seconds(86_400);
    let offences = section.take("offences", value::whole(1..=OFFENCES_MOST), context);
    let within = section.take("within", value::duration(seconds(1)..=day), context);
    let first = section.take("first", value::duration(seconds(1)..=day), context);
    let longest = section.take("longest", value::duration(seconds(1)..=30 * day), context);
    let never = section.take("never", value::list(LIST_MAX, address::network), context);
    let agents = section.take("user_agents", value::list(LIST_MAX, value::text), context);
    let rules = &mut bans.rules;
    rules.offences = offences.map_or(rules.offences, |at| at.value);
    for (read, rule) in [
        (&within, &mut rules.within),
        (&first, &mut rules.first),
        (&longest, &mut rules.longest),
    ] {
        if let Some(at) = read {
            *rule = at.value;
        }
    }
    if rules.first > rules.longest {
        let (first_is, longest_is) = (value::spoken(rules.first), value::spoken(rules.longest));
        let problem =
            format!("the first ban ({first_is}) is longer than the longest ({longest_is})");
        let place = first.or(longest).map_or(section.place(), |at| at.place);
        context.add(Problem::new(place, problem).mend("set both, the longest being the longer"));
    }
    if let Some(never) = never {
        bans.never = values(never.value);
    }
    if let Some(agents) = agents {
        let lower = |name: String| name.to_ascii_lowercase().into_boxed_str();
        bans.user_agents = values(agents.value).into_iter().map(lower).collect();
    }
    bans.loopback = read_loopback(&mut section, context);
    section.finish(context);
    bans
}

fn read_loopback(section: &mut Section<'_>, context: &mut Context<'_>) -> Loopback {
    match section.take("loopback", value::boolean, context) {
        Some(At { value: true, .. }) => Loopback::LikeOthers,
        _ => Loopback::Trusted,
    }
}

fn values<T>(list: Vec<At<T>>) -> Vec<T> {
    list.into_iter().map(|at| at.value).collect()
}
