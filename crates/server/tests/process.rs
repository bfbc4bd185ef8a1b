//! The binary from outside: it starts with the demo's configuration on ports of its own, answers SIP, HTTP
//! and `ctl`, reloads, and ends when told to.

use sip_core::digest::Credentials;
use sip_core::{HeaderName, Limits, Message, Method, Response, parse_datagram};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A debug build decodes the prompts in seconds on a busy machine.
const START_MAX: Duration = Duration::from_secs(60);
const REPLY_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

struct Server {
    process: Child,
    folder: tempfile::TempDir,
    sip_port: u16,
    http_port: u16,
}

impl Server {
    fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        copy(&project.join("config"), &folder.path().join("config"));
        std::os::unix::fs::symlink(project.join("prompts"), folder.path().join("prompts")).unwrap();
        Server::start_in(folder)
    }

    fn start_in(folder: tempfile::TempDir) -> Server {
        let sip_port = free_port();
        let http_port = free_port();
        let mut command = kolapp(folder.path(), &["run"]);
        let process = command
            .env("KOLAPP_SIP_PORT", sip_port.to_string())
            .env("KOLAPP_HTTP_PORT", http_port.to_string())
            .env("KOLAPP_RTP_PORTS", "42000-42999")
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Server {
            process,
            folder,
            sip_port,
            http_port,
        };
        let started = Instant::now();
        while !server.http("/healthz").starts_with("HTTP/1.1 200") {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none(), "ended with {ended:?}: {}", server.log());
            assert!(started.elapsed() < START_MAX, "not ready: {}", server.log());
            std::thread::sleep(LOOK_EVERY);
        }
        server
    }

    fn config(&self, file: &str) -> PathBuf {
        self.folder.path().join("config").join(file)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The log has a thread of its own, so it may come after what it tells of.
    fn await_in_log(&self, text: &str) {
        let started = Instant::now();
        while !self.log().contains(text) {
            assert!(
                started.elapsed() < START_MAX,
                "no {text:?} in {}",
                self.log()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn ctl(&self, arguments: &[&str]) -> Output {
        kolapp(self.folder.path(), &[&["ctl"], arguments].concat())
            .output()
            .unwrap()
    }

    fn json(&self, what: &str) -> serde_json::Value {
        let output = self.ctl(&["--json", what]);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The whole reply; empty while nobody listens.
    fn http(&self, path: &str) -> String {
        let mut reply = String::new();
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.http_port)) {
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read_to_string(&mut reply);
        }
        reply
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    fn exit_code(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                started.elapsed() < START_MAX,
                "still running: {}",
                self.log()
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn kolapp(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kolapp"));
    command
        .args(arguments)
        .arg("--config")
        .arg(folder.join("config"));
    command.env("KOLAPP_STATE_DIR", folder.join("state"));
    command
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

/// A phone as plain as can be: one socket, texts.
struct Phone {
    socket: UdpSocket,
    port: u16,
    cseq: u32,
}

impl Phone {
    fn of(server: &Server) -> Phone {
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

    fn ask(&mut self, method: &str, more: &str) -> Response {
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

    fn register(&mut self, password: &str, expires: u32) -> Response {
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

#[test]
fn a_phone_registers_garbage_is_ignored_and_sigterm_ends_it_well() {
    let mut server = Server::start();
    let mut phone = Phone::of(&server);
    assert_eq!(phone.ask("OPTIONS", "").status.code(), 200);

    assert_eq!(phone.register("wrong", 60).status.code(), 401);
    assert_eq!(phone.register("demo-anna", 60).status.code(), 200);
    let registrations = server.json("registrations");
    assert_eq!(registrations[0]["user"], "demo/anna");
    assert_eq!(
        registrations[0]["source"],
        format!("127.0.0.1:{}", phone.port)
    );
    let agents = server.json("agents");
    assert_eq!(agents[0]["name"], "demo/anna");
    assert_eq!(agents[0]["state"], "free");
    assert_eq!(agents[1]["state"], "unreachable");
    assert_eq!(phone.register("demo-anna", 0).status.code(), 200);
    assert_eq!(server.json("agents")[0]["state"], "unreachable");

    for garbage in [
        &b"\0\xff\xfe"[..],
        b"INVITE",
        b"SIP/2.0 200\r\n\r\n",
        &[b'x'; 60_000],
    ] {
        phone.socket.send(garbage).unwrap();
    }
    assert_eq!(
        phone.ask("OPTIONS", "").status.code(),
        200,
        "the first reply is to this"
    );

    let status = server.json("status");
    assert_eq!(status["draining"], false);
    assert_eq!(status["calls"], 0);
    assert!(
        server
            .http("/metrics")
            .contains("\nkolapp_sip_datagrams_total ")
    );
    server.signal("-TERM");
    assert_eq!(server.exit_code(), Some(0));
    assert!(!server.folder.path().join("state/kolapp.sock").exists());
}

#[test]
fn a_wrong_file_changes_nothing_and_says_where_and_a_right_one_is_taken_up() {
    let server = Server::start();
    let file = server.config("organisations/demo/queues.toml");
    let right = std::fs::read_to_string(&file).unwrap();
    let line = right
        .lines()
        .position(|line| line.starts_with("ring"))
        .unwrap()
        + 1;

    std::fs::write(&file, right.replacen("ring =", "rings =", 1)).unwrap();
    let output = server.ctl(&["reload"]);
    assert_eq!(output.status.code(), Some(1));
    let place = format!("queues.toml:{line}:");
    assert!(said(&output).contains(&place), "{}", said(&output));
    server.await_in_log(&place);
    let errors = &server.json("status")["config"]["last_errors"];
    assert!(errors[0].as_str().unwrap().contains(&place), "{errors}");

    // Saved as editors do: a new file in the place of the old one, and nobody calls reload.
    let changed = right.replacen("\"15s\"", "\"17s\"", 1);
    assert_ne!(changed, right);
    let beside = server.config("organisations/demo/queues.toml.new");
    std::fs::write(&beside, changed).unwrap();
    std::fs::rename(beside, &file).unwrap();
    server.await_in_log("15s -> 17s");
    assert_eq!(
        server.json("status")["config"]["last_errors"],
        serde_json::json!([])
    );
    let output = server.ctl(&["reload"]);
    assert_eq!(
        (output.status.code(), said(&output).as_str()),
        (Some(0), "Unchanged.\n")
    );
}

#[test]
fn a_killed_server_is_in_nobody_s_way_and_a_living_one_is_not_joined() {
    let mut server = Server::start();
    let second = kolapp(server.folder.path(), &["run"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        said(&second).contains("another kolapp is running"),
        "{}",
        said(&second)
    );

    server.process.kill().unwrap();
    server.process.wait().unwrap();
    assert!(
        server.folder.path().join("state/kolapp.sock").exists(),
        "it had no time to clean up"
    );
    let asked = server.ctl(&["status"]);
    assert_eq!(asked.status.code(), Some(1));
    assert!(
        said(&asked).contains("no kolapp is running"),
        "{}",
        said(&asked)
    );
    let folder = std::mem::replace(&mut server.folder, tempfile::tempdir().unwrap());
    let again = Server::start_in(folder);
    assert_eq!(again.ctl(&["status"]).status.code(), Some(0));
}

#[test]
fn an_agent_is_paused_and_resumed_by_command_and_a_stranger_refused() {
    let server = Server::start();
    let mut phone = Phone::of(&server);
    phone.register("demo-anna", 60);
    assert!(
        server
            .ctl(&["agent", "pause", "anna", "--reason", "lunch"])
            .status
            .success()
    );
    assert_eq!(server.json("agents")[0]["state"], "paused");
    assert_eq!(server.json("agents")[0]["pause_reason"], "lunch");
    assert!(
        server
            .ctl(&["agent", "resume", "demo/anna"])
            .status
            .success()
    );
    assert_eq!(server.json("agents")[0]["state"], "free");
    assert!(
        server
            .ctl(&["agent", "log-out", "anna", "--queue", "support"])
            .status
            .success()
    );
    assert_eq!(server.json("agents")[0]["state"], "logged-out");
    for wrong in [
        ["agent", "log-in", "nobody"].as_slice(),
        &["agent", "log-in", "anna", "--queue", "nowhere"],
        &["agent", "pause", "anna"],
    ] {
        let output = server.ctl(wrong);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{wrong:?}: {}",
            said(&output)
        );
    }
    assert_eq!(
        server.ctl(&["agent", "promote", "anna"]).status.code(),
        Some(2)
    );
}

#[test]
fn check_sums_up_a_right_configuration_and_names_the_line_of_a_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    copy(&project.join("config"), &folder.path().join("config"));
    std::os::unix::fs::symlink(project.join("prompts"), folder.path().join("prompts")).unwrap();
    let right = kolapp(folder.path(), &["check"]).output().unwrap();
    assert_eq!(right.status.code(), Some(0), "{}", said(&right));
    assert!(
        said(&right).contains("1 organisation, 4 users, 1 queue"),
        "{}",
        said(&right)
    );

    let file = folder.path().join("config/kolapp.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("[\"127.0.0.1:5060\"]", "[\"0.0.0.0:5060\"]"),
    )
    .unwrap();
    for what in ["check", "run"] {
        let exposed = kolapp(folder.path(), &[what]).output().unwrap();
        assert_eq!(exposed.status.code(), Some(1));
        assert!(
            said(&exposed).contains("kolapp.toml:"),
            "{}",
            said(&exposed)
        );
        assert!(
            said(&exposed).contains("demo password"),
            "{}",
            said(&exposed)
        );
    }
    std::fs::write(&file, "[sip]\nudp = 5060\n").unwrap();
    let wrong = kolapp(folder.path(), &["check"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("kolapp.toml:2:7"), "{}", said(&wrong));
}

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                     m=audio 41998 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";

impl Phone {
    /// An INVITE from outside to the queue's public number.
    fn invite(&mut self, call_id: &str) {
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

    fn acknowledge(&mut self, ok: &Response) {
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
    fn next(&mut self) -> Message {
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

    fn final_response(&mut self) -> Response {
        match self.next() {
            Message::Response(response) => response,
            Message::Request(request) => panic!("expected a response, got {request:?}"),
        }
    }
}

#[test]
fn a_draining_server_refuses_new_calls_and_a_second_signal_ends_those_it_has() {
    let mut server = Server::start();
    let mut caller = Phone::of(&server);
    caller.invite("standing");
    let ok = caller.final_response();
    assert_eq!(ok.status.code(), 200);
    caller.acknowledge(&ok);
    assert_eq!(server.json("calls")[0]["state"], "waiting");
    assert_eq!(server.json("queues")[0]["waiting"], 1);
    assert_eq!(server.json("status")["media"]["sessions"], 1);

    server.signal("-TERM");
    let started = Instant::now();
    while server.json("status")["draining"] != true {
        assert!(started.elapsed() < REPLY_MAX);
    }
    assert!(server.http("/healthz").starts_with("HTTP/1.1 503"));
    let mut late = Phone::of(&server);
    late.invite("late");
    let refused = late.final_response();
    assert_eq!(refused.status.code(), 503);
    assert!(refused.headers.has(&HeaderName::RetryAfter));

    assert!(
        server.process.try_wait().unwrap().is_none(),
        "the standing call is waited for"
    );
    server.signal("-TERM");
    match caller.next() {
        Message::Request(request) => assert_eq!(request.method, Method::Bye),
        Message::Response(response) => panic!("expected BYE, got {response:?}"),
    }
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn hanging_up_on_the_server_makes_it_read_its_configuration_anew() {
    let server = Server::start();
    assert_eq!(server.json("status")["config"]["reloads"], 0);
    server.signal("-HUP");
    let started = Instant::now();
    while server.json("status")["config"]["reloads"] != 1 {
        assert!(started.elapsed() < START_MAX, "{}", server.log());
        std::thread::sleep(LOOK_EVERY);
    }
}
