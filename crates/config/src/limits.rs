//! `[limits]` and `[bans]`: how much and how fast, and who is kept out for guessing. Taken up by a running
//! server.

use crate::problems::Problem;
use crate::section::{Context, Section};
use crate::settings::{bans, limits, server_file};
use crate::value;
use call::settings::{BanSettings, Limits, Loopback};
use sip_core::guard::BanRules;

pub(crate) fn read_limits(top: &mut Section<'_>, context: &mut Context<'_>) -> Limits {
    let mut section = top.headed_or_empty(&server_file::LIMITS, context);
    let mut read = |setting| section.value(setting, context);
    let limits = Limits {
        calls_max: read(&limits::CALLS_MAX),
        calls_per_user: read(&limits::CALLS_PER_USER),
        early_calls_per_user: read(&limits::EARLY_CALLS_PER_USER),
        early_calls_per_trunk: read(&limits::EARLY_CALLS_PER_TRUNK),
        requests_per_source: section.value(&limits::REQUESTS_PER_SOURCE, context),
        requests_per_peer: section.value(&limits::REQUESTS_PER_PEER, context),
        invites_per_user: section.value(&limits::INVITES_PER_USER, context),
        registers_per_user: section.value(&limits::REGISTERS_PER_USER, context),
        subscribes_per_user: section.value(&limits::SUBSCRIBES_PER_USER, context),
        messages_per_user: section.value(&limits::MESSAGES_PER_USER, context),
        invites_per_trunk: section.value(&limits::INVITES_PER_TRUNK, context),
        loopback: loopback(section.value(&limits::LOOPBACK, context)),
    };
    section.finish(context);
    limits
}

pub(crate) fn read_bans(top: &mut Section<'_>, context: &mut Context<'_>) -> BanSettings {
    let mut section = top.headed_or_empty(&server_file::BANS, context);
    let lower = |name: String| name.to_ascii_lowercase().into_boxed_str();
    let user_agents = section.values(&bans::USER_AGENTS, context);
    let settings = BanSettings {
        rules: BanRules {
            offences: section.value(&bans::OFFENCES, context),
            within: section.value(&bans::WITHIN, context),
            first: section.value(&bans::FIRST, context),
            longest: section.value(&bans::LONGEST, context),
        },
        never: section.values(&bans::NEVER, context),
        user_agents: user_agents.into_iter().map(lower).collect(),
        loopback: loopback(section.value(&bans::LOOPBACK, context)),
    };
    let rules = &settings.rules;
    if rules.first > rules.longest {
        let (first, longest) = (value::spoken(rules.first), value::spoken(rules.longest));
        let problem = format!("the first ban ({first}) is longer than the longest ({longest})");
        let place = section.place_of(&[&bans::FIRST, &bans::LONGEST]);
        context.add(Problem::new(place, problem).mend("set both, the longest being the longer"));
    }
    section.finish(context);
    settings
}

fn loopback(is_like_others: bool) -> Loopback {
    match is_like_others {
        true => Loopback::LikeOthers,
        false => Loopback::Trusted,
    }
}
