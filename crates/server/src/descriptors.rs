//! File descriptors: each leg of a call has two sockets, and the number that a shell gives a process by default
//! is used up by 250 calls.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Asks for as many descriptors as this process may have. Returns how many that is; none for "no limit".
///
/// A refusal changes nothing: calls beyond what there is are told 503, and counted.
pub(crate) fn raise_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let before = limit.current;
        limit.current = limit.maximum;
        if setrlimit(Resource::Nofile, limit).is_err() {
            return before;
        }
    }
    limit.current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_gets_all_the_descriptors_that_it_may_have() {
        let got = raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(got, limit.current);
        assert_eq!(limit.current, limit.maximum);
    }
}
