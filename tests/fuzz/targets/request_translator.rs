#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mcr_fuzz::request::check(data));
