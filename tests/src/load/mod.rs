//! Generators of load.
