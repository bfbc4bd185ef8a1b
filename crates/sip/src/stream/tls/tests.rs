use super::*;
use std::fs;

/// A certificate of its own and its key, in PEM.
fn made(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(certificate: &str, key: &str) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        fs::write(folder.files().certificate, certificate).unwrap();
        fs::write(folder.files().key, key).unwrap();
        folder
    }

    fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.0.path().join("certificate.pem"),
            key: self.0.path().join("key.pem"),
            ca: None,
        }
    }
}

fn problem(files: &TlsFiles) -> String {
    TlsIdentity::read(files).err().unwrap().to_string()
}

#[test]
fn a_certificate_and_its_key_are_taken() {
    let (certificate, key) = made("sip.example.com");
    let folder = Folder::with(&certificate, &key);
    assert!(TlsIdentity::read(&folder.files()).is_ok());
}

#[test]
fn a_file_that_will_not_do_is_named_with_what_was_expected() {
    let (certificate, key) = made("sip.example.com");
    let (_, of_another) = made("sip.example.com");
    let missing = TlsFiles {
        key: "/nowhere/key.pem".into(),
        ..Folder::with(&certificate, &key).files()
    };
    let folder = Folder::with(&certificate, &of_another);
    let told = problem(&folder.files());
    assert!(
        told.contains("certificate.pem: can't be used with"),
        "{told}"
    );
    let folder = Folder::with("nothing", &key);
    let told = problem(&folder.files());
    assert!(told.contains("holds no certificate; expected"), "{told}");
    let folder = Folder::with(&certificate, &certificate);
    let told = problem(&folder.files());
    assert!(told.contains("key.pem: can't be read"), "{told}");
    let folder = Folder::with(&certificate, &key);
    let told = problem(&TlsFiles {
        key: missing.key,
        ..folder.files()
    });
    assert!(
        told.starts_with("/nowhere/key.pem: can't be read"),
        "{told}"
    );
}

fn name(uri: &str, more: &str) -> ServerName<'static> {
    let request = format!(
        "OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1\r\n{more}\
         From: <sip:a@b.se>;tag=1\r\nTo: <sip:c.se>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    name_of_peer(&request.into(), "192.0.2.9".parse().unwrap())
}

#[test]
fn the_next_hop_must_show_the_certificate_of_the_name_it_is_called_by() {
    let dns = |name: &'static str| ServerName::try_from(name).unwrap();
    assert_eq!(name("sip:46@trunk.example.se", ""), dns("trunk.example.se"));
    assert_eq!(
        name(
            "sip:46@far.example.se",
            "Route: <sip:edge.example.se;lr>\r\n"
        ),
        dns("edge.example.se")
    );
    assert_eq!(name("sip:46@192.0.2.7", ""), dns("192.0.2.7"));
    assert_eq!(name("sip:46@[2001:db8::7]", ""), dns("2001:db8::7"));
    assert_eq!(name("tel:+46", ""), dns("192.0.2.9"));
}
