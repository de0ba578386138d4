//! (imitation)
