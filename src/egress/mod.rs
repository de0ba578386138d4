//! (egress)
