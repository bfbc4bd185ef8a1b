//! A phone as plain as can be: one socket, texts.

use crate::server::{REPLY_MAX, Server};
use sip_core::digest::Credentials;
use sip_core::{HeaderName, Limits, Message, Method, Response, parse_datagram};
use std::net::UdpSocket;

/// A phone as plain as can be: one socket, texts.
pub(crate) struct Phone {
    pub(crate) socket: UdpSocket,
    pub(crate) port: u16,
    pub(crate) cseq: u32,
}

impl Phone {
    pub(crate) fn of(server: &Server) -> Phone {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(("127.0.0.1", server.sip_port)).unwrap();
        socket.set_read_timeout(Some(REPLY_MAX)).unwrap();
        let port = socket.local_addr().unwrap().port();
        Phone {
            socket,
            port,
            cseq: 0,
        }
    }

    pub(crate) fn ask(&mut self, method: &str, more: &str) -> Response {
        self.cseq += 1;
        let (port, cseq) = (self.port, self.cseq);
        let request = format!(
            "{method} sip:demo.localhost SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKt{port}x{cseq}\r\n\
             From: <sip:anna@demo.localhost>;tag=a{port}\r\nTo: <sip:anna@demo.localhost>\r\n\
             Call-ID: c{port}@test\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\n\
             Contact: <sip:anna@127.0.0.1:{port}>\r\n{more}Content-Length: 0\r\n\r\n"
        );
        self.socket.send(request.as_bytes()).unwrap();
        let mut buffer = [0; 65_535];
        let length = self.socket.recv(&mut buffer).expect("a reply in time");
        let bytes = bytes::Bytes::copy_from_slice(&buffer[..length]);
        match parse_datagram(bytes, &Limits::default()) {
            Ok(Message::Response(response)) => response,
            other => panic!("expected a response, got {other:?}"),
        }
    }

    pub(crate) fn register(&mut self, password: &str, expires: u32) -> Response {
        let asked = self.ask("REGISTER", "");
        assert_eq!(asked.status.code(), 401);
        let challenges = asked.headers.challenges(&HeaderName::WwwAuthenticate);
        let uri = "sip:demo.localhost";
        let method = Method::Register;
        let answer = Credentials::answer(&challenges[0], "anna", password, &method, uri, 1, "cn");
        self.ask(
            "REGISTER",
            &format!("Authorization: {answer}\r\nExpires: {expires}\r\n"),
        )
    }
}

pub(crate) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                     m=audio 41998 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";

impl Phone {
    /// An INVITE from outside to the queue's public number.
    pub(crate) fn invite(&mut self, call_id: &str) {
        let port = self.port;
        let request = format!(
            "INVITE sip:+46850001000@demo.localhost SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKi{port}{call_id}\r\n\
             From: <sip:+46701234567@trunk.example>;tag=i{port}\r\n\
             To: <sip:+46850001000@demo.localhost>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\n\
             Max-Forwards: 70\r\nContact: <sip:caller@127.0.0.1:{port}>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{OFFER}",
            OFFER.len()
        );
        self.socket.send(request.as_bytes()).unwrap();
    }

    pub(crate) fn acknowledge(&mut self, ok: &Response) {
        let port = self.port;
        let text = |name| ok.headers.text(name).unwrap();
        let request = format!(
            "ACK sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa{port}\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
            text(&HeaderName::From),
            text(&HeaderName::To),
            text(&HeaderName::CallId),
        );
        self.socket.send(request.as_bytes()).unwrap();
    }

    /// What comes next, save provisional responses.
    pub(crate) fn next(&mut self) -> Message {
        let mut buffer = [0; 65_535];
        loop {
            let length = self.socket.recv(&mut buffer).expect("a message in time");
            let bytes = bytes::Bytes::copy_from_slice(&buffer[..length]);
            match parse_datagram(bytes, &Limits::default()).unwrap() {
                Message::Response(response) if response.is_provisional() => {}
                message => return message,
            }
        }
    }

    pub(crate) fn final_response(&mut self) -> Response {
        match self.next() {
            Message::Response(response) => response,
            Message::Request(request) => panic!("expected a response, got {request:?}"),
        }
    }
}
