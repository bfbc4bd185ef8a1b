//! Calls whose connection ends in the middle: what is still to be said goes over another.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::net::TcpListener;
use std::time::{Duration, Instant};
use tests::certificates::{Authority, Issued, Validity};
use tests::phone::Phone;
use tests::random;
use tests::server::{Server, Setup};
use tests::sip::Msg;
use tests::wire::{Transport, Wire};

const SOON: Duration = Duration::from_secs(5);
const ANNA: &str = "+46850001009";

/// A server over a connection, as somebody whom it can connect to as well.
struct Caller {
    transport: Transport,
    shows: Option<Issued>,
    listener: TcpListener,
    wire: Wire,
    call_id: String,
    local: String,
}

impl Caller {
    fn new(server: &Server, transport: Transport, authority: &Authority) -> Caller {
        let trusted = std::fs::read_to_string(server.folder().join("ca.pem")).ok();
        let ip = [127, 0, 0, 1].into();
        let wire = Wire::new(transport, ip, server.sip_by(transport), trusted.as_deref());
        let by_tls = transport == Transport::Tls;
        Caller {
            transport,
            shows: by_tls.then(|| authority.issue("127.0.0.1", Validity::Current)),
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            wire,
            call_id: random::token(),
            local: format!("<sip:+46701234567@127.0.0.1>;tag={}", random::token()),
        }
    }

    fn request(&self, method: &str, cseq: u32) -> Msg {
        let at = self.listener.local_addr().unwrap();
        let token = self.transport.token();
        let branch = random::token();
        Msg::request(method, &format!("sip:{ANNA}@127.0.0.1"))
            .with(
                "Via",
                format!("SIP/2.0/{token} {at};branch=z9hG4bK{branch}"),
            )
            .with("Max-Forwards", "70")
            .with("From", self.local.clone())
            .with("To", format!("<sip:{ANNA}@127.0.0.1>"))
            .with("Call-ID", self.call_id.clone())
            .with("CSeq", format!("{cseq} {method}"))
            .with(
                "Contact",
                format!("<sip:caller@{at}{}>", self.transport.uri_param()),
            )
    }

    fn invite(&self) {
        let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n";
        let invite = self
            .request("INVITE", 1)
            .with_body("application/sdp", sdp.to_owned());
        self.wire.send(&invite.to_bytes());
    }

    fn loses_its_connection(&mut self, server: &Server) {
        let idle = Wire::new(Transport::Udp, [127, 0, 0, 1].into(), server.sip(), None);
        drop(std::mem::replace(&mut self.wire, idle));
        server.wait("the connection has ended", SOON, |server| {
            server.metric("kolapp_sip_connections") < 0.5
        });
    }

    /// The server connects.
    fn is_connected_to(&mut self) {
        self.listener.set_nonblocking(true).unwrap();
        let deadline = Instant::now() + SOON;
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(_) => assert!(Instant::now() < deadline, "nobody connected"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        stream.set_nonblocking(false).unwrap();
        self.wire = Wire::accepted(stream, self.shows.as_ref()).unwrap();
    }

    fn expect(&self, what: impl Fn(&Msg) -> bool) -> Msg {
        let deadline = Instant::now() + SOON;
        loop {
            let came = self.wire.receive().and_then(|bytes| Msg::parse(&bytes));
            if let Some(message) = came.filter(|it| what(it)) {
                return message;
            }
            assert!(Instant::now() < deadline, "it did not come");
        }
    }

    fn expect_status(&self, status: u16) -> Msg {
        self.expect(|it| !it.is_request() && it.status() == status)
    }

    /// A request within the dialog that an answer made.
    fn within(&self, method: &str, cseq: u32, answer: &Msg) -> Msg {
        let mut request = self.request(method, cseq);
        let to = answer.header("To").unwrap().to_owned();
        for (name, value) in &mut request.headers {
            if name == "To" {
                value.clone_from(&to);
            }
        }
        request
    }
}

fn server_with(transport: Transport, authority: &Authority) -> Server {
    let number = format!("[numbers.\"{ANNA}\"]\nuser = \"anna\"\n");
    let mut setup = Setup::demo();
    if transport == Transport::Tls {
        let files = "{ certificate = \"server.pem\", key = \"server.key\", ca = \"ca.pem\" }";
        setup = setup
            .set_server("sip.tls", "[\"127.0.0.1:5061\"]")
            .set_server("tls", files);
        setup.show_certificate(authority);
        std::fs::write(setup.config().join("ca.pem"), authority.pem()).unwrap();
    }
    setup.add("lost.toml", &number).start()
}

#[test]
fn an_answer_whose_connection_has_ended_comes_over_a_new_one_by_tcp_and_tls() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let authority = Authority::default();
        let server = server_with(transport, &authority);
        let anna = Phone::agent(&server, "anna");
        let mut caller = Caller::new(&server, transport, &authority);
        caller.invite();
        let mut called = anna.incoming(SOON);
        called.ring();
        caller.expect_status(180);
        caller.loses_its_connection(&server);
        called.answer_without_ack();
        caller.is_connected_to();
        let answer = caller.expect_status(200);
        let ack = caller.within("ACK", 1, &answer);
        caller.wire.send(&ack.to_bytes());
        let bye = caller.within("BYE", 2, &answer);
        caller.wire.send(&bye.to_bytes());
        caller.expect(|it| it.status() == 200 && it.method() == "BYE");
        called.expect_bye(SOON);
        server.wait_idle(SOON);
    }
}

#[test]
fn whoever_is_hung_up_on_after_his_connection_has_ended_is_told_over_a_new_one() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let authority = Authority::default();
        let server = server_with(transport, &authority);
        let anna = Phone::agent(&server, "anna");
        let mut caller = Caller::new(&server, transport, &authority);
        caller.invite();
        let mut called = anna.incoming(SOON);
        called.answer_without_ack();
        let answer = caller.expect_status(200);
        let ack = caller.within("ACK", 1, &answer);
        caller.wire.send(&ack.to_bytes());
        called.expect_request("ACK", SOON);
        caller.loses_its_connection(&server);
        called.hang_up();
        caller.is_connected_to();
        let bye = caller.expect(|it| it.is_request() && it.method() == "BYE");
        caller.wire.send(&bye.reply(200, "OK", "caller").to_bytes());
        server.wait_idle(SOON);
    }
}
