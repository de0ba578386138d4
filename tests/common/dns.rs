//! A name server of the tests' own, whose answers may be others the next time.

use std::collections::BTreeMap;
use std::net::{IpAddr, UdpSocket};
use std::sync::{Arc, Mutex};

const A: u16 = 1;
const AAAA: u16 = 28;

/// The server; it answers until the process ends.
pub struct Dns {
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Dns {
    /// Answers at port 53 of this machine, which has to be one's own: `answer` gets a name and how often it was asked before.
    pub fn serve(answer: impl Fn(&str, usize) -> Vec<IpAddr> + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:53").expect("port 53 of a network of its own");
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let counts = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut before: BTreeMap<(String, u16), usize> = BTreeMap::new();
            let mut bytes = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let Some((name, kind, end)) = question(&bytes[..length]) else { continue };
                let count = before.entry((name.clone(), kind)).or_default();
                let addresses = answer(&name, *count);
                *count += 1;
                if kind == A {
                    *counts.lock().unwrap().entry(name).or_default() += 1;
                }
                let _ = socket.send_to(&response(&bytes[..end], kind, &addresses), from);
            }
        });
        Self { asked }
    }

    /// How often the IPv4 addresses of a name were asked for.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or_default()
    }
}

/// The name that is asked for, the kind of record, and where the question ends.
fn question(bytes: &[u8]) -> Option<(String, u16, usize)> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(bytes.get(at..at + length)?).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]);
    Some((labels.join("."), kind, at + 4))
}

/// The question again, and the addresses of its kind.
fn response(question: &[u8], kind: u16, addresses: &[IpAddr]) -> Vec<u8> {
    let data = |address: &IpAddr| match (kind, address) {
        (A, IpAddr::V4(address)) => Some(address.octets().to_vec()),
        (AAAA, IpAddr::V6(address)) => Some(address.octets().to_vec()),
        _ => None,
    };
    let records: Vec<Vec<u8>> = addresses.iter().filter_map(data).collect();
    let mut bytes = question.to_vec();
    // An answer without errors, to one question; no other sections.
    bytes[2..4].copy_from_slice(&[0x81, 0x80]);
    bytes[6..8].copy_from_slice(&u16::try_from(records.len()).expect("a few").to_be_bytes());
    bytes[8..12].fill(0);
    for data in records {
        // The name of the question, this kind, the Internet, for no time at all.
        bytes.extend([0xc0, 0x0c]);
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 0, 0]);
        bytes.extend(u16::try_from(data.len()).expect("an address").to_be_bytes());
        bytes.extend(data);
    }
    bytes
}
