//! Journeys across crates, one test binary.
