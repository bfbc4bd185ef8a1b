use super::*;

const NOW: Time = Time::from_millis(1_000);

fn trunk(name: &str) -> TrunkId {
    format!("demo/{name}").parse().unwrap()
}

fn anna() -> Payer {
    Payer::User("demo/anna".parse().unwrap())
}

fn bosse() -> Payer {
    Payer::User("demo/bosse".parse().unwrap())
}

fn out(payer: Payer, own: Bounds) -> Ask {
    Ask {
        trunk: trunk("out"),
        channels: Some(3),
        seat: Some(Wanted {
            channels: Some(4),
            payer: Some(payer),
            own,
            common: Bounds {
                at_once: Some(2),
                ..Bounds::default()
            },
        }),
        urgency: Urgency::Ordinary,
    }
}

fn inward() -> Ask {
    let seat = Wanted {
        channels: Some(4),
        payer: None,
        own: Bounds::default(),
        common: Bounds::default(),
    };
    Ask {
        seat: Some(seat),
        ..out(anna(), Bounds::default())
    }
}

#[test]
fn a_trunk_s_channels_are_shared_by_calls_in_and_out_and_come_back() {
    let mut ledger = Ledger::default();
    for ask in [inward(), inward(), out(anna(), Bounds::default())] {
        assert_eq!(ledger.occupy(NOW, &ask), Ok(()));
    }
    assert_eq!(ledger.occupy(NOW, &inward()), Err(Full::Trunk));
    let elsewhere = Ask {
        trunk: trunk("other"),
        ..inward()
    };
    assert_eq!(ledger.occupy(NOW, &elsewhere), Ok(()));
    let third = Ask {
        trunk: trunk("third"),
        ..inward()
    };
    assert_eq!(ledger.occupy(NOW, &third), Err(Full::Organisation));
    ledger.vacate(&Held::from(&inward()));
    assert_eq!(ledger.occupy(NOW, &inward()), Ok(()));
    for held in [
        inward(),
        inward(),
        out(anna(), Bounds::default()),
        elsewhere,
    ] {
        ledger.vacate(&Held::from(&held));
    }
    assert!(ledger.is_idle(), "{ledger:?}");
}

#[test]
fn an_attempt_that_keeps_its_seat_takes_a_channel_only() {
    let mut ledger = Ledger::default();
    let first = out(anna(), Bounds::default());
    ledger.occupy(NOW, &first).unwrap();
    let again = Ask {
        trunk: trunk("other"),
        seat: None,
        ..first.clone()
    };
    ledger.occupy(NOW, &again).unwrap();
    assert_eq!(ledger.channels(), 1);
    ledger.vacate(&Held {
        trunk: Some(trunk("out")),
        seat: None,
    });
    ledger.vacate(&Held {
        trunk: Some(trunk("other")),
        seat: Held::from(&first).seat,
    });
    assert!(ledger.is_idle(), "{ledger:?}");
}

#[test]
fn so_many_calls_at_once_each_and_together_and_so_many_within_an_hour() {
    let mut ledger = Ledger::default();
    let own = Bounds {
        at_once: Some(1),
        calls_per_hour: Some(3),
        ..Bounds::default()
    };
    let ask = out(anna(), own);
    assert_eq!(ledger.occupy(NOW, &ask), Ok(()));
    assert_eq!(ledger.occupy(NOW, &ask), Err(Full::AtOnce), "her own");
    let other = out(bosse(), Bounds::default());
    assert_eq!(ledger.occupy(NOW, &other), Ok(()));
    assert_eq!(ledger.occupy(NOW, &other), Err(Full::AtOnce), "of all");
    ledger.vacate(&Held::from(&other));
    for _ in 0..2 {
        ledger.vacate(&Held::from(&ask));
        assert_eq!(ledger.occupy(NOW, &ask), Ok(()));
    }
    ledger.vacate(&Held::from(&ask));
    assert_eq!(ledger.occupy(NOW, &ask), Err(Full::Calls));
    let later = NOW + HOUR + HOUR / 12;
    assert_eq!(ledger.occupy(later, &ask), Ok(()));
}

#[test]
fn an_emergency_call_is_never_held_to_anything_and_counts_as_no_call_of_the_hour() {
    let mut ledger = Ledger::default();
    let own = Bounds {
        at_once: Some(0),
        calls_per_hour: Some(1),
        minutes_per_hour: Some(0),
        minutes_per_day: Some(0),
    };
    let ask = Ask {
        channels: Some(0),
        urgency: Urgency::Emergency,
        ..out(anna(), own)
    };
    for _ in 0..20 {
        assert_eq!(ledger.occupy(NOW, &ask), Ok(()));
    }
    for _ in 0..20 {
        ledger.vacate(&Held::from(&ask));
    }
    assert!(ledger.is_idle());
    let own = Bounds {
        calls_per_hour: Some(1),
        ..Bounds::default()
    };
    assert_eq!(ledger.occupy(NOW, &out(anna(), own)), Ok(()));
}

#[test]
fn minutes_are_used_up_together_and_come_back_with_time() {
    let mut ledger = Ledger::default();
    let hour = Bounds {
        minutes_per_hour: Some(2),
        ..Bounds::default()
    };
    let all = Bounds {
        minutes_per_day: Some(3),
        ..Bounds::default()
    };
    assert_eq!(ledger.spend(NOW, &anna(), &hour, &all), Ok(()));
    assert_eq!(ledger.spend(NOW, &anna(), &hour, &all), Ok(()));
    assert_eq!(ledger.spend(NOW, &anna(), &hour, &all), Err(Full::Minutes));
    let begin = out(anna(), hour);
    assert_eq!(ledger.occupy(NOW, &begin), Err(Full::Minutes));
    assert_eq!(ledger.spend(NOW, &bosse(), &hour, &all), Ok(()));
    assert_eq!(ledger.spend(NOW, &bosse(), &hour, &all), Err(Full::Minutes));
    let later = NOW + HOUR + HOUR / 12;
    assert_eq!(
        ledger.spend(later, &anna(), &hour, &all),
        Err(Full::Minutes)
    );
    let tomorrow = NOW + DAY + DAY / 12;
    assert_eq!(ledger.spend(tomorrow, &anna(), &hour, &all), Ok(()));
}
