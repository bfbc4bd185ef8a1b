//! A panic ends the process: state that broke an assumption is not trusted with calls, and a supervisor
//! that sees a non-zero exit starts a clean one. Work that is known to be apart from all calls can be
//! contained instead.

use crate::log::Log;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Exit code after a panic, as the standard library's own.
const EXIT_CODE: i32 = 101;

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// From now on a panic in any thread is logged and ends the process, unless inside [`contain`].
pub(crate) fn end_process_on_panic(log: Log) {
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("?").to_owned();
        tracing::error!(place, thread, "panic: {}", message(panic.payload()));
        // Prompt files are decoded by threads of their own, inside `contain` of the one that waits for them.
        if !CONTAINED.get() && thread != media::DECODER_THREAD {
            log.flush();
            std::process::exit(EXIT_CODE);
        }
    }));
}

/// Runs work that touches no live state; a panic in it comes back as its message.
pub(crate) fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(before);
    result.map_err(|payload| message(&*payload).to_owned())
}

fn message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contained_work_that_panics_gives_its_message_back() {
        assert_eq!(contain(|| 7), Ok(7));
        let text = "a broken file".to_owned();
        assert_eq!(contain(|| panic!("{text}")), Err::<(), _>(text.clone()));
        assert!(!CONTAINED.get());
    }
}
