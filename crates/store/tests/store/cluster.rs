//! A PostgreSQL server of a test's own: in a folder that goes away with it, on a Unix socket, as a user without rights where
//! the test is root. `tests/install.sh` installs the program.

use rustix::process::{Pid, Signal, getuid, kill_process};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Who it runs as where we are root, which it refuses to be: `nobody`.
const NOBODY: u32 = 65_534;

/// How long it may take to be there, on a machine with other things to do.
const LIMIT: Duration = Duration::from_secs(60);

/// A server, ended when it is dropped.
pub(crate) struct Cluster {
    folder: TempDir,
    server: Option<Child>,
}

impl Cluster {
    /// Makes one with a database `kolapp`, and starts it.
    pub(crate) fn start() -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        if getuid().is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut cluster = Cluster {
            folder,
            server: None,
        };
        let mut initdb = cluster.command("initdb");
        initdb.args(["--auth=trust", "--username=kolapp", "--no-sync"]);
        initdb.args(["--no-instructions", "--encoding=UTF8", "--locale=C", "-D"]);
        let made = initdb.arg(cluster.data()).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        cluster.resume();
        cluster.sql("postgres", "CREATE DATABASE kolapp");
        cluster
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> String {
        format!(
            "postgres://kolapp@localhost/kolapp?host={}",
            self.folder.path().display()
        )
    }

    /// Starts it again.
    pub(crate) fn resume(&mut self) {
        // It ends when the test is killed, too.
        let mut server = self.plain_command(Path::new("setpriv"));
        server.args(["--pdeathsig", "QUIT"]);
        if getuid().is_root() {
            let [user, group] = ["--reuid", "--regid"].map(|whose| format!("{whose}={NOBODY}"));
            server.args([&user, &group, "--clear-groups"]);
        }
        server.arg(found("postgres")).arg("-D").arg(self.data());
        server.arg("-k").arg(self.folder.path());
        server.args(["-c", "listen_addresses=", "-c", "shared_buffers=16MB"]);
        self.server = Some(server.spawn().unwrap());
        let deadline = Instant::now() + LIMIT;
        while !self.psql("postgres", "SELECT 1").status.success() {
            assert!(Instant::now() < deadline, "PostgreSQL does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a crash would: nobody is told, and it has to recover.
    pub(crate) fn crash(&mut self) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        let pid = Pid::from_child(&server);
        // Its immediate shutdown (postgres(1)).
        kill_process(pid, Signal::QUIT).unwrap();
        server.wait().unwrap();
    }

    /// Ends it as a crash would, and has what a standby has of it go on in its place.
    pub(crate) fn take_over(&mut self) {
        self.crash();
        let signal = self.data().join("standby.signal");
        std::fs::write(&signal, "").unwrap();
        if getuid().is_root() {
            chown(&signal, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        self.resume();
        assert_eq!(self.sql("postgres", "SELECT pg_promote()"), "t");
    }

    /// Says something to a database of it, as its administrator.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let done = self.psql(database, sql);
        assert!(done.status.success(), "{sql}: {done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Says it in a session that then does nothing until it is ended, and waits until it has been said.
    pub(crate) fn session(&self, sql: &str) -> Session<'_> {
        let mut psql = self.psql_command("kolapp");
        psql.args(["-c", sql, "-c", "SELECT pg_sleep(3600)"]);
        psql.env("PGAPPNAME", "held");
        let session = Session {
            cluster: self,
            psql: psql.spawn().unwrap(),
        };
        let holds = "SELECT COUNT(*) FROM pg_stat_activity
            WHERE application_name = 'held' AND query LIKE '%pg_sleep%'";
        let deadline = Instant::now() + LIMIT;
        while self.sql("kolapp", holds) != "1" {
            assert!(Instant::now() < deadline, "not yet: {sql}");
            std::thread::sleep(Duration::from_millis(20));
        }
        session
    }

    fn psql(&self, database: &str, sql: &str) -> std::process::Output {
        let mut psql = self.psql_command(database);
        psql.args(["-c", sql]).stdout(Stdio::piped());
        psql.stderr(Stdio::piped()).output().unwrap()
    }

    fn psql_command(&self, database: &str) -> Command {
        let mut psql = self.command("psql");
        psql.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "kolapp",
            "-h",
        ]);
        psql.arg(self.folder.path()).args(["-d", database]);
        psql
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.plain_command(&found(program));
        if getuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn plain_command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null());
        command
    }
}

/// A session of somebody else's.
pub(crate) struct Session<'a> {
    cluster: &'a Cluster,
    psql: Child,
}

impl Session<'_> {
    /// Ends it, and gives back what it holds.
    pub(crate) fn end(mut self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'held'";
        self.cluster.sql("postgres", end);
        self.psql.wait().unwrap();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.crash();
    }
}

/// Where Debian puts the programs of its newest version; elsewhere they are on the path.
fn found(program: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut versions: Vec<u32> = versions
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    let of =
        |version: u32| Path::new("/usr/lib/postgresql").join(format!("{version}/bin/{program}"));
    let newest = versions
        .into_iter()
        .rev()
        .map(of)
        .find(|path| path.exists());
    newest.unwrap_or_else(|| program.into())
}
