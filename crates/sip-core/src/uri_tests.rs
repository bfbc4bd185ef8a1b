//! URIs as peers write them, compared as RFC 3261 §19.1.4 compares them, and written so that they read back.

use super::*;
use proptest::prelude::*;

fn uri(text: &str) -> Uri {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_sip_uri_is_taken_apart() {
    let Uri::Sip(full) =
        uri("SIPS:john.d%6fe;x=1:p%40ss@Example.COM:5070;transport=TCP;lr?subject=a&b=c")
    else {
        panic!("a SIP URI was expected");
    };
    assert!(full.secure);
    assert_eq!(full.user.as_deref(), Some("john.doe;x=1"));
    assert_eq!(full.password.as_deref(), Some("p@ss"));
    assert_eq!(full.host, Host::Name("example.com".into()));
    assert_eq!(full.port, Some(5070));
    assert_eq!(full.params.get("transport"), Some("TCP"));
    assert!(full.params.has("LR"));
    assert_eq!(full.headers.as_deref(), Some("subject=a&b=c"));
    assert_eq!(
        Uri::Sip(full).to_string(),
        "sips:john.doe;x=1:p%40ss@example.com:5070;transport=TCP;lr?subject=a&b=c"
    );
}

#[test]
fn hosts_are_names_or_addresses() {
    assert_eq!(
        uri("sip:a@[2001:db8::10]:5070").socket_addr(),
        "[2001:db8::10]:5070".parse().ok()
    );
    assert_eq!(
        uri("sip:192.0.2.1").socket_addr(),
        "192.0.2.1:5060".parse().ok()
    );
    assert_eq!(
        uri("sips:192.0.2.1").socket_addr(),
        "192.0.2.1:5061".parse().ok()
    );
    assert_eq!(uri("sip:a@b.se").socket_addr(), None);
    assert_eq!(
        uri("sip:[::ffff:192.0.2.1]").host().unwrap().to_string(),
        "[::ffff:192.0.2.1]"
    );
}

#[test]
fn a_number_dialled_in_a_sip_uri_is_the_number_however_it_is_written() {
    let dialled = |text: &str| uri(text).dialled().map(String::from);
    for written in [
        "tel:+46-8-5000.10(00)",
        "sip:+46850001000@b.se",
        "sip:%2B46850001000@b.se",
        "sip:+46-8-5000.10(00)@b.se;user=phone",
        "sip:+46850001000;npdi;rn=+46812345@b.se",
        "sip:+46850001000:pass@b.se",
    ] {
        assert_eq!(
            dialled(written).as_deref(),
            Some("+46850001000"),
            "{written}"
        );
    }
    assert_eq!(
        dialled("sip:10-00@b.se;user=Phone").as_deref(),
        Some("1000")
    );
    for (written, user) in [
        ("sip:anna-lisa@b.se", "anna-lisa"),
        ("sip:anna.b@b.se;user=phone", "anna.b"),
        ("sip:+anna@b.se", "+anna"),
        ("sip:*11@b.se", "*11"),
        ("sip:10-00@b.se", "10-00"),
    ] {
        assert_eq!(dialled(written).as_deref(), Some(user), "{written}");
    }
    for in_full in [
        "tel:50001000;phone-context=+46-8",
        "sip:50001000;phone-context=+468@b.se;user=phone",
    ] {
        assert_eq!(dialled(in_full).as_deref(), Some("+46850001000"));
    }
    for local in [
        "tel:1000;phone-context=b.se",
        "tel:1000;phone-context=+4x",
        "tel:1000;phone-context=46",
    ] {
        assert_eq!(dialled(local).as_deref(), Some("1000"), "{local}");
    }
    assert_eq!(dialled("sip:b.se"), None);
    assert_eq!(dialled("https://b.se/"), None);
}

#[test]
fn a_telephone_number_loses_its_visual_separators() {
    let Uri::Tel(tel) = uri("tel:+46-(8)-500.01;ext=7") else {
        panic!("a telephone number was expected");
    };
    assert_eq!(&*tel.number, "+46850001");
    assert_eq!(tel.params.get("ext"), Some("7"));
    assert!(
        uri("tel:7042;phone-context=example.com")
            .is_equivalent(&uri("TEL:70-42;phone-context=example.com"))
    );
    assert!(!uri("tel:7042;phone-context=example.com").is_equivalent(&uri("tel:7042")));
}

#[test]
fn other_schemes_stand_as_they_came() {
    let text = "soap.beep://192.0.2.103:3002";
    assert_eq!(uri(text), Uri::Other(text.into()));
    assert_eq!(uri(text).to_string(), text);
    assert_eq!(uri(text).scheme(), "soap.beep");
    assert_eq!(uri(text).user(), None);
}

#[test]
fn what_is_no_uri_is_refused() {
    for bad in [
        "",
        "sip:",
        "1000",
        "sip:@b.se",
        "sip:a@",
        "sip:a@b@c.se",
        "sip:a b@c.se",
        "sip:a@b.se:0",
        "sip:a@b.se:65536",
        "sip:a@b.se:",
        "sip:a@192.0.2.300",
        "sip:a@12345",
        "sip:a@[2001:db8::10",
        "sip:a@2001:db8::10",
        "sip:a@[::1]x",
        "sip:a@b_.se\r\n",
        "<sip:a@b.se>",
        "sip:a@b\u{e5}.se",
        "1x:y",
        "tel:",
        "tel:+",
        "tel:+12a",
        "tel:hello",
        "sip:a@b.se;=x",
    ] {
        let read = bad.parse::<Uri>();
        assert!(read.is_err(), "{bad:?}: {read:?}");
    }
}

#[test]
fn equivalence_follows_rfc_3261_19_1_4() {
    for (a, b) in [
        (
            "sip:%61lice@atlanta.com;transport=TCP",
            "sip:alice@AtLanTa.CoM;Transport=tcp",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:carol@chicago.com;newparam=5",
            "sip:carol@chicago.com;security=on",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
    ] {
        assert!(uri(a).is_equivalent(&uri(b)), "{a} = {b}");
        assert!(uri(b).is_equivalent(&uri(a)), "{b} = {a}");
    }
    for (a, b) in [
        (
            "SIP:ALICE@AtLanTa.CoM;Transport=udp",
            "sip:alice@AtLanTa.CoM;Transport=UDP",
        ),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        (
            "sip:bob@biloxi.com",
            "sip:bob@biloxi.com:6000;transport=tcp",
        ),
        (
            "sip:carol@chicago.com;security=off",
            "sip:carol@chicago.com;security=on",
        ),
        (
            "sip:alice@atlanta.com?Subject=next%20meeting",
            "sip:alice@atlanta.com",
        ),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sips:bob@biloxi.com", "sip:bob@biloxi.com"),
    ] {
        assert!(!uri(a).is_equivalent(&uri(b)), "{a} != {b}");
        assert!(!uri(b).is_equivalent(&uri(a)), "{b} != {a}");
    }
}

fn any_host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[a-z][a-z0-9]{0,8}(\\.[a-z][a-z0-9-]{0,5}[a-z0-9]){0,3}"
            .prop_map(|name| Host::Name(name.into())),
        any::<[u8; 4]>().prop_map(|octets| Host::V4(octets.into())),
        any::<[u8; 16]>().prop_map(|octets| Host::V6(octets.into())),
    ]
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(
        user in proptest::option::of("[^%]{1,12}"),
        host in any_host(),
        port in proptest::option::of(1_u16..),
        secure in any::<bool>(),
        params in proptest::collection::btree_map("[a-z]{1,6}", "[^%]{0,8}", 0..4),
    ) {
        let mut sip = SipUri {
            secure, user: user.map(Into::into), password: None, host, port, params: Params::new(), headers: None,
        };
        for (name, value) in params {
            sip.params.set(&name, &value);
        }
        let written = Uri::Sip(sip);
        let read: Uri = written.to_string().parse().unwrap();
        prop_assert!(read.is_equivalent(&written));
        prop_assert_eq!(read, written);
    }

    #[test]
    fn any_text_is_a_uri_that_reads_back_or_none(text in "(sip|sips|tel|x):[a-z0-9@:;=?%\\[\\].&,+*#-]{0,30}") {
        if let Ok(read) = text.parse::<Uri>() {
            prop_assert_eq!(read.to_string().parse::<Uri>().unwrap(), read);
        }
    }
}
