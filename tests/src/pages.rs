//! Somebody before the pages, in Chromium, by the script of `tests/pages`: told step by step what to do and what to see.

use crate::server::{Server, binary, repository};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A browser; ended when dropped.
#[derive(Debug)]
pub struct Pages {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pictures: PathBuf,
}

impl Pages {
    /// A browser that has nothing open yet. Its pictures are kept beside what is built, under this name.
    ///
    /// # Panics
    /// When it can't be started; `tests/install.sh` installs what it needs.
    pub fn start(server: &Server, name: &str) -> Pages {
        assert!(
            repository().join("crates/web/ui/dist/index.html").exists(),
            "the pages are not built: make pages"
        );
        let built = binary();
        let pictures = built.parent().unwrap().join("pages").join(name);
        std::fs::create_dir_all(&pictures).unwrap();
        let mut child = Command::new("node")
            .arg(repository().join("tests/pages/pages.mjs"))
            .arg(server.http().to_string())
            .arg(&pictures)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be started: tests/install.sh");
        let stdin = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut pages = Pages {
            child,
            stdin,
            answers,
            pictures,
        };
        assert_eq!(pages.answer(), "ready");
        pages
    }

    /// Does these steps one after the other, each a line such as `log-in anna`.
    ///
    /// # Panics
    /// When one fails: what is not seen, a violation that axe finds, an error in the console.
    pub fn does(&mut self, steps: &[&str]) {
        for step in steps {
            self.tell(step);
        }
    }

    /// Does a step and returns what it says.
    ///
    /// # Panics
    /// When it fails.
    pub fn tell(&mut self, step: &str) -> String {
        let stdin = self.stdin.as_mut().expect("open until dropped");
        writeln!(stdin, "{step}").unwrap();
        let answer = self.answer();
        let Some(said) = answer.strip_prefix("done") else {
            panic!("{step}: {answer}\npictures: {}", self.pictures.display());
        };
        said.trim().to_owned()
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // The script ends with its input, and the browser with the script; of itself after a limit of its own.
        self.stdin = None;
        let _ = self.child.wait();
    }
}
