//! The server's end of the control socket. Whoever can open it is the operator: its folder and file are
//! the owner's alone.

use crate::commands::Commands;
use crate::ctl::protocol::{Failure, REQUEST_BYTES_MAX, Reply, Request};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Connections served at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 16;

/// How long a connection may stay silent.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// How long the other end may take to read a reply.
const WRITE_MAX: Duration = Duration::from_secs(10);

/// Pause after a failed accept (out of descriptors), so that it is tried again without spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the control socket until dropped.
pub(crate) async fn serve(listener: UnixListener, commands: Commands) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let commands = commands.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &commands).await {
                        tracing::debug!(%error, "control connection");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "control socket: accepting");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn converse(mut stream: UnixStream, commands: &Commands) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut reader).take(REQUEST_BYTES_MAX as u64);
        let read = timeout(IDLE_MAX, bounded.read_until(b'\n', &mut line)).await??;
        if read == 0 {
            return Ok(());
        }
        let whole = line.last() == Some(&b'\n');
        let reply = match serde_json::from_slice::<Request>(&line) {
            Ok(request) => match commands.carry_out_for_operator(request).await {
                Ok(answer) => Reply::Done { answer },
                Err(failure) => Reply::Failed(failure),
            },
            Err(error) => Reply::Failed(Failure::new(format!(
                "expected one request as a line of JSON of at most {REQUEST_BYTES_MAX} bytes: {error}"
            ))),
        };
        let mut text = serde_json::to_vec(&reply)?;
        text.push(b'\n');
        timeout(WRITE_MAX, writer.write_all(&text)).await??;
        if !whole {
            // Cut off by the limit or by the end: what would follow is no request.
            return Ok(());
        }
    }
}
