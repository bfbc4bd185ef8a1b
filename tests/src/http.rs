//! HTTP, plainly or by TLS: one request a connection, and a stream of events.

use crate::wire::{self, Duplex};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Where HTTP is spoken, and how.
#[derive(Clone, Debug)]
pub struct Place {
    address: SocketAddr,
    /// By TLS, with whoever has a certificate that this one (in PEM) vouches for.
    trusted: Option<String>,
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Place {
        let trusted = None;
        Place { address, trusted }
    }
}

impl Place {
    /// Where HTTPS is spoken by whom that certificate (in PEM) vouches for.
    pub fn by_tls(address: SocketAddr, trusted: String) -> Place {
        let trusted = Some(trusted);
        Place { address, trusted }
    }

    fn connect(&self, limit: Duration) -> std::io::Result<Box<dyn Duplex>> {
        let stream = TcpStream::connect_timeout(&self.address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        Ok(match &self.trusted {
            None => Box::new(stream),
            Some(trusted) => Box::new(wire::tls(stream, self.address.ip(), Some(trusted))?),
        })
    }
}

/// Reads until the other side has ended, properly or not.
fn read_all(stream: &mut dyn Duplex) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        // Without a word of TLS that it ends; what has come was whole.
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(error),
        _ => {}
    }
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

/// Status and body of `GET path`; an error when nobody listens or answers.
pub fn get(place: impl Into<Place>, path: &str) -> std::io::Result<(u16, String)> {
    let place = place.into();
    let address = place.address;
    let mut stream = place.connect(Duration::from_secs(5))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let text = read_all(&mut *stream)?;
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let body = text
        .split_once("\r\n\r\n")
        .map_or(String::new(), |(_, body)| body.to_owned());
    Ok((status, body))
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head, as it came.
    pub head: String,
    /// Its body in JSON; null where it is none.
    pub json: serde_json::Value,
    /// Its body as it came.
    pub text: String,
}

/// Whoever asks the API of a server, with what lets him in.
#[derive(Clone, Debug)]
pub struct Api {
    place: Place,
    /// A header line.
    pass: Option<String>,
}

impl Api {
    /// Somebody who has nothing yet that lets him in.
    pub fn at(place: impl Into<Place>) -> Api {
        Api {
            place: place.into(),
            pass: None,
        }
    }

    /// Somebody who has logged in.
    ///
    /// # Panics
    /// When he can't.
    pub fn logged_in(place: impl Into<Place>, user: &str, password: &str) -> Api {
        let nobody = Api::at(place);
        let body = serde_json::json!({ "user": user, "password": password });
        let answer = nobody.post("/session", &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        let cookie = answer.head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_it = name.eq_ignore_ascii_case("set-cookie");
            is_it.then(|| value.split(';').next().unwrap_or_default().to_owned())
        });
        Api {
            pass: Some(format!("Cookie: {}", cookie.expect("a session"))),
            ..nobody
        }
    }

    /// Somebody who comes by a proxy, which says from where, and has nothing yet that lets him in.
    pub fn forwarded(address: SocketAddr, from: &str) -> Api {
        Api {
            place: address.into(),
            pass: Some(format!("X-Forwarded-For: {from}")),
        }
    }

    /// Somebody with a token.
    pub fn with_token(address: SocketAddr, token: &str) -> Api {
        Api {
            place: address.into(),
            pass: Some(format!("Authorization: Bearer {token}")),
        }
    }

    /// The header line that lets him in.
    ///
    /// # Panics
    /// When he has none.
    pub fn pass(&self) -> &str {
        self.pass.as_deref().expect("somebody who is let in")
    }

    /// `GET /api/v1…`.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }

    /// `POST /api/v1…`.
    pub fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        self.send("POST", path, Some(&body.to_string()))
    }

    /// `PUT /api/v1…`.
    pub fn put(&self, path: &str, body: &serde_json::Value) -> Answer {
        self.send("PUT", path, Some(&body.to_string()))
    }

    /// `POST /api/v1…` of a file, as it is.
    ///
    /// # Panics
    /// When nobody answers.
    pub fn upload(&self, path: &str, file: &[u8]) -> Answer {
        let mut stream = self.connect();
        let address = self.place.address;
        let pass = self.pass.as_deref().unwrap_or_default();
        let head = format!(
            "POST /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{pass}\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            file.len()
        );
        stream.write_all(head.as_bytes()).expect("a live socket");
        stream.write_all(file).expect("a live socket");
        answer(&mut *stream)
    }

    /// `GET /api/v1…` of what is no text.
    ///
    /// # Panics
    /// When nobody answers, or it is refused.
    pub fn file(&self, path: &str) -> Vec<u8> {
        let mut stream = self.open("GET", path, None, "close");
        let mut whole = Vec::new();
        stream.read_to_end(&mut whole).expect("an answer");
        assert!(whole.starts_with(b"HTTP/1.1 200"), "{path} is refused");
        let end = whole.windows(4).position(|it| it == b"\r\n\r\n");
        whole.split_off(end.expect("a whole head") + 4)
    }

    /// `DELETE /api/v1…`.
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None)
    }

    /// # Panics
    /// When nobody answers.
    fn send(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        answer(&mut *self.open(method, path, body, "close"))
    }

    fn connect(&self) -> Box<dyn Duplex> {
        let limit = Duration::from_secs(20);
        self.place.connect(limit).expect("the server")
    }

    fn open(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        connection: &str,
    ) -> Box<dyn Duplex> {
        let mut stream = self.connect();
        let address = self.place.address;
        let mut head = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nConnection: {connection}\r\n"
        );
        if let Some(line) = &self.pass {
            head += &format!("{line}\r\n");
        }
        let body = body.map_or(String::new(), |body| {
            head += &format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                body.len()
            );
            body.to_owned()
        });
        write!(stream, "{head}\r\n{body}").expect("a live socket");
        stream
    }

    /// Live events after that one.
    pub fn events(&self, since: &str) -> Events {
        let path = format!("/events?since={since}");
        Events {
            stream: self.open("GET", &path, None, "keep-alive"),
            read: Vec::new(),
        }
    }
}

/// What comes until there is no more.
fn answer(stream: &mut dyn Duplex) -> Answer {
    let text = read_all(stream).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a whole head");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Answer {
        status: status.expect("a status"),
        head: head.to_owned(),
        json: serde_json::from_str(body).unwrap_or_default(),
        text: body.to_owned(),
    }
}

/// A stream of events.
pub struct Events {
    stream: Box<dyn Duplex>,
    read: Vec<u8>,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Events {
    /// The next event's id, name and data.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn wait(&mut self) -> (String, String, serde_json::Value) {
        loop {
            if let Some(event) = self.take_one() {
                return event;
            }
            let mut bytes = [0; 4_096];
            let read = self.stream.read(&mut bytes).expect("an event in time");
            let so_far = String::from_utf8_lossy(&self.read);
            assert!(read > 0, "the stream has ended: {so_far}");
            self.read.extend(&bytes[..read]);
        }
    }

    /// The next event of that name of which that holds: its id and data. Others are passed over.
    ///
    /// # Panics
    /// When none comes in time.
    pub fn wait_for(
        &mut self,
        wanted: &str,
        is: impl Fn(&serde_json::Value) -> bool,
    ) -> (String, serde_json::Value) {
        loop {
            let (id, name, data) = self.wait();
            if name == wanted && is(&data) {
                return (id, data);
            }
        }
    }

    /// What is read has sizes of chunks in between, which are no fields.
    fn take_one(&mut self) -> Option<(String, String, serde_json::Value)> {
        let find = |from: usize, what: &[u8]| {
            let mut windows = self.read[from..].windows(what.len());
            windows.position(|it| it == what).map(|at| from + at)
        };
        let end = find(find(0, b"\ndata: ")?, b"\n\n")?;
        let event: Vec<u8> = self.read.drain(..end + 2).collect();
        let event = String::from_utf8_lossy(&event);
        let field = |name: &str| {
            let mut lines = event.lines();
            let value = lines.find_map(|line| line.strip_prefix(name));
            value.unwrap_or_default().to_owned()
        };
        let data = serde_json::from_str(&field("data: ")).ok()?;
        Some((field("id: "), field("event: "), data))
    }
}
