//! The signature that thinking made here carries.
//!
//! Claude Code sends a thinking block back with the signature it came with. Ours
//! says that the text is the model's own and may be replayed; Anthropic's belongs to
//! another provider, whose thinking goes nowhere.

/// What stands in `signature` of a thinking block made here.
pub(super) const OURS: &str = "mcr-1";

/// Whether a block with this signature may be replayed; a client that lost it sends an empty one.
pub(super) fn is_ours(signature: &str) -> bool {
    signature.is_empty() || signature == OURS
}
