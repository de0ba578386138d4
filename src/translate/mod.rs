//! (translate)
