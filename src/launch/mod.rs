//! (launch)
