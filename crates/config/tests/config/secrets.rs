//! Passwords and the hashes that stand in their place.

use crate::common::Sandbox;
use crate::errors::organisation;
use base::{OrgId, UserId};
use config::diff;

const PASSWORD: &str = "password = \"long-and-random\"\n";

/// Of anna in acme.example with that password, by md5sum and sha256sum.
const MD5: &str = "ha1_md5 = \"636ce3a6a1fab8f615b6cad5b9014e42\"\n";
const SHA256: &str =
    "ha1_sha256 = \"4327ef8c5073fe23f8d610ae887c23f1386898cc8cbce6bc44118a87a982963f\"\n";

fn both() -> String {
    format!("{MD5}{SHA256}")
}

#[test]
fn an_account_of_hashes_is_the_same_as_one_of_the_password() {
    let sandbox = Sandbox::new();
    let org = OrgId::new("acme").unwrap();
    let anna = UserId::new(&org, "anna").unwrap();
    let of_password = sandbox.loaded();
    sandbox.change(PASSWORD, &both());
    let of_hashes = sandbox.loaded();
    assert_eq!(
        of_password.directory.user(&anna).unwrap(),
        of_hashes.directory.user(&anna).unwrap()
    );
    let lines = diff(&of_password, &of_hashes).lines;
    let shown = lines.join("\n");
    assert!(lines.len() == 3 && !shown.contains("636ce3a6"), "{shown}");
}

#[test]
fn half_a_secret_two_secrets_and_a_wrong_hash_are_told_and_no_secret_is_shown() {
    organisation(
        PASSWORD,
        MD5,
        "5:1: user `anna` has one hash, and needs both; run kolapp secret anna@acme.example, and write both lines \
         that it prints",
    );
    organisation(
        PASSWORD,
        &format!("{PASSWORD}{}", both()),
        "6:12: user `anna` has a password beside its hashes; remove the password",
    );
    organisation(
        PASSWORD,
        &both().replace(
            "636ce3a6a1fab8f615b6cad5b9014e42",
            "636ce3a6a1fab8f615b6cad5b9014e4",
        ),
        "6:11: expected a hash of MD5 in hexadecimal, in quotes; write what kolapp secret prints",
    );
}

#[test]
fn a_password_that_can_be_read_is_a_warning_once_an_organisation() {
    let sandbox = Sandbox::new();
    let told = |expected: &[&str]| {
        let loaded = sandbox.loaded();
        assert_eq!(sandbox.lines(&loaded.warnings), expected);
    };
    told(&[
        "config/organisations/acme/acme.toml:6:12: whoever reads this file reads 2 passwords, of which this is one; \
         run kolapp secret anna@acme.example, and write the two lines it prints instead",
    ]);
    sandbox.change(PASSWORD, &both());
    told(&[
        "config/organisations/acme/acme.toml:11:12: whoever reads this file reads a password; \
         run kolapp secret bosse@acme.example, and write the two lines it prints instead",
    ]);
    sandbox.change("random-and-long", "demo-bosse");
    told(&[]);
}

#[test]
fn a_password_that_can_be_read_keeps_phones_elsewhere_out() {
    let sandbox = Sandbox::new();
    sandbox.change_in("config/kolapp.toml", "127.0.0.1:5060", "192.0.2.1:5060");
    let errors = sandbox.loaded().check_exposure().unwrap_err();
    let lines = sandbox.lines(&errors);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(
        lines[0],
        "config/organisations/acme/acme.toml:6:12: refuses a password that can be read here while phones register \
         from elsewhere: SIP at 192.0.2.1:5060, account `acme/anna`; run kolapp secret anna@acme.example, and write \
         the two lines it prints instead (it listens here: config/kolapp.toml:4:8)"
    );
    sandbox.change(PASSWORD, &both());
    assert_eq!(sandbox.loaded().check_exposure().unwrap_err().len(), 1);
    // Where only HTTP is spoken nobody sends a password.
    sandbox.change_in("config/kolapp.toml", "192.0.2.1:5060", "127.0.0.1:5060");
    assert!(sandbox.loaded().check_exposure().is_ok());
}
