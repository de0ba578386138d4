//! Who signed a server's certificate, as the certificate names it: for people to look at, and for no decision.
//!
//! The walk reads no more of a certificate than leads to its issuer (RFC 5280, 4.1): the certificate, its body, and in
//! that the third field behind version and serial number.

/// Organisation and common name, by their object identifiers 2.5.4.10 and 2.5.4.3.
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const IDENTIFIER: u8 = 0x06;
/// More than that is no name.
const LONGEST: usize = 120;

/// Reads the issuer's organisation and common name from a certificate in DER.
pub(super) fn issuer(certificate: &[u8]) -> Option<String> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut body, _) = element(certificate)?;
    if body.first() == Some(&VERSION) {
        body = element(body)?.2;
    }
    let (_, _, after_serial) = element(body)?;
    let (_, _, after_algorithm) = element(after_serial)?;
    let (tag, name, _) = element(after_algorithm)?;
    if tag != SEQUENCE {
        return None;
    }
    let words = [ORGANISATION, COMMON_NAME].into_iter().filter_map(|kind| part(name, kind));
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Finds a part of a name: sets of pairs of an identifier and a text.
fn part(mut name: &[u8], kind: &[u8]) -> Option<String> {
    while !name.is_empty() {
        let (tag, set, rest) = element(name)?;
        name = rest;
        let (_, pair, _) = element(set).filter(|_| tag == SET)?;
        let (tag, identifier, rest) = element(pair)?;
        if tag == IDENTIFIER && identifier == kind {
            let (_, text, _) = element(rest)?;
            let text = String::from_utf8_lossy(text);
            return Some(text.chars().filter(|character| !character.is_control()).take(LONGEST).collect());
        }
    }
    None
}

/// Takes an element apart: its tag, what is in it, and what is behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (digits, rest) = rest.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
    };
    let (inside, behind) = rest.split_at_checked(length)?;
    Some((tag, inside, behind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

    use super::*;

    #[test]
    fn the_issuer_of_a_certificate_is_named_and_not_its_owner() {
        let mut authority = CertificateParams::new([]).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::OrganizationName, "Gate\u{7} Corp");
        authority.distinguished_name.push(DnType::CommonName, "Inspection CA");
        let key = KeyPair::generate().unwrap();
        let authority = Issuer::new(authority, key);
        let server = CertificateParams::new(["api.example".to_owned()]).unwrap();
        let signed = server.signed_by(&KeyPair::generate().unwrap(), &authority).unwrap();
        assert_eq!(issuer(signed.der()).as_deref(), Some("Gate Corp, Inspection CA"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = issuer(&bytes);
        }
    }
}
