//! Signed statements of how far a chain was, by keys of which each is used once.
//!
//! Pure. The seed of a key makes the next one's and cannot be made of it; once a checkpoint is written, its own seed is
//! forgotten. Whoever has the machine from then on cannot sign in the past's name.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::chain::{self, Hash, Link, VERSION, canonical, chained, digest, hex, unhex};

/// Why a checkpoint was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// A writer began.
    Open,
    /// Enough was written, or enough time has passed.
    Seal,
    /// A writer ended; nothing of it comes behind.
    Close,
    /// A part of a chain was taken away; what the part was stands here.
    Tombstone,
}

/// How far a writer's chain was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Whose.
    pub writer: String,
    /// The month of the part that was taken away, and its first record; of a tombstone alone.
    pub part: Option<(String, u64)>,
    /// The last record.
    pub at_seq: u64,
    /// Its hash.
    pub head: Hash,
    /// Records up to there; of a tombstone, those of the part.
    pub records: u64,
}

/// One checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its number among the installation's, its time, and what it hangs on.
    pub link: Link,
    /// Why it was made.
    pub occasion: Occasion,
    /// What it says.
    pub mark: Mark,
    /// When the last record was written; nothing where nobody has said.
    pub written: Option<String>,
    /// The key that signed it, which the one before has named.
    pub key: Hash,
    /// The key that signs the next.
    pub next: Hash,
}

impl Checkpoint {
    /// The month that the last record was written in, `2026-11`, where somebody has said.
    pub fn month(&self) -> Option<&str> {
        self.written.as_ref()?.get(..7)
    }
}

/// What one key is made of.
pub struct Seed(Hash);

impl Seed {
    /// From random bytes.
    pub fn new(bytes: Hash) -> Self {
        Self(bytes)
    }

    /// The seed that takes this one's place; there is no way back.
    pub fn next(&self) -> Self {
        Self(digest(&[b"mcr audit seed 1\0", &self.0]))
    }

    /// The public key.
    pub fn public(&self) -> Hash {
        let mut key = [0; 32];
        if let Ok(pair) = self.pair() {
            key.copy_from_slice(pair.public_key().as_ref());
        }
        key
    }

    /// The bytes, to keep them for the next checkpoint.
    pub fn expose(&self) -> &Hash {
        &self.0
    }

    fn pair(&self) -> Result<Ed25519KeyPair, ring::error::KeyRejected> {
        Ed25519KeyPair::from_seed_unchecked(&self.0)
    }
}

/// What a checkpoint is signed as, so that no signature means anything else.
fn signed(hash: &Hash) -> Vec<u8> {
    [b"mcr audit checkpoint 1\0".as_slice(), hash].concat()
}

/// Writes a checkpoint's line, without its end; `written` is the time of the last record, or nothing.
pub fn line(
    seed: &Seed,
    seq: u64,
    time: &str,
    prev: &Hash,
    occasion: Occasion,
    mark: &Mark,
    written: &str,
) -> (String, Checkpoint) {
    let (key, next) = (seed.public(), seed.next().public());
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("v", VERSION.into());
    put("seq", seq.into());
    put("time", time.into());
    put("kind", serde_json::to_value(occasion).unwrap_or_default());
    put("writer", mark.writer.as_str().into());
    if let Some((month, first)) = &mark.part {
        put("month", month.as_str().into());
        put("first", (*first).into());
    }
    put("at_seq", mark.at_seq.into());
    put("head", hex(&mark.head).into());
    put("records", mark.records.into());
    let written = (!written.is_empty()).then(|| written.to_owned());
    if let Some(written) = &written {
        put("written", written.as_str().into());
    }
    put("prev", hex(prev).into());
    put("key", hex(&key).into());
    put("next", hex(&next).into());
    let hash = chained(prev, &canonical(&mut fields));
    let signature = seed.pair().map(|pair| hex(pair.sign(&signed(&hash)).as_ref())).unwrap_or_default();
    fields.insert("sig".to_owned(), signature.into());
    fields.insert("hash".to_owned(), hex(&hash).into());
    let link = Link { seq, prev: *prev, hash, time: time.to_owned(), up_ms: 0 };
    (canonical(&mut fields), Checkpoint { link, occasion, mark: mark.clone(), written, key, next })
}

/// Reads a checkpoint; nothing where its hash or its signature is not its own.
pub fn read(written: &str) -> Option<Checkpoint> {
    let (mut fields, hash) = chain::object(written, &["sig"])?;
    let whole: Value = serde_json::from_str(written).ok()?;
    let signature = unhex_signature(whole.get("sig")?.as_str()?)?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let number = |name: &str| fields.get(name).and_then(Value::as_u64);
    let bytes = |name: &str| text(name).and_then(unhex);
    let prev = bytes("prev")?;
    let occasion = Occasion::deserialize(fields.get("kind")?).ok()?;
    let part = match occasion {
        Occasion::Tombstone => Some((text("month")?.to_owned(), number("first")?)),
        Occasion::Open | Occasion::Seal | Occasion::Close => None,
    };
    let mark = Mark {
        writer: text("writer")?.to_owned(),
        part,
        at_seq: number("at_seq")?,
        head: bytes("head")?,
        records: number("records")?,
    };
    let link = Link { seq: number("seq")?, prev, hash, time: text("time")?.to_owned(), up_ms: 0 };
    let written = text("written").map(str::to_owned);
    let checkpoint = Checkpoint { link, occasion, mark, written, key: bytes("key")?, next: bytes("next")? };
    let is_whole = chained(&prev, &canonical(&mut fields)) == hash;
    let key = UnparsedPublicKey::new(&ED25519, checkpoint.key);
    (is_whole && key.verify(&signed(&hash), &signature).is_ok()).then_some(checkpoint)
}

/// What the first checkpoint hangs on.
pub fn genesis() -> Hash {
    digest(&[b"mcr audit checkpoints 1\0"])
}

fn unhex_signature(text: &str) -> Option<[u8; 64]> {
    let (first, second) = text.split_at_checked(64)?;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&unhex(first)?);
    signature[32..].copy_from_slice(&unhex(second)?);
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark { writer: "w1".to_owned(), part: None, at_seq: 3, head: [7; 32], records: 3 }
    }

    #[test]
    fn a_checkpoint_is_read_as_it_was_written_and_names_the_next_key() {
        let seed = Seed::new([1; 32]);
        let time = "2026-11-22T02:24:40.123456Z";
        for (occasion, part) in [(Occasion::Close, None), (Occasion::Tombstone, Some(("2026-10".to_owned(), 1)))] {
            let (text, written) = line(&seed, 1, time, &genesis(), occasion, &Mark { part, ..mark() }, time);
            assert_eq!(read(&text), Some(written.clone()));
            assert_eq!((written.key, written.next), (seed.public(), seed.next().public()));
        }
    }

    #[test]
    fn no_field_of_a_checkpoint_can_be_another() {
        let (text, _) = line(
            &Seed::new([1; 32]),
            1,
            "2026-11-22T02:24:40.123456Z",
            &genesis(),
            Occasion::Seal,
            &mark(),
            "2026-11-22T02:24:39.000000Z",
        );
        for (at, character) in text.char_indices().filter(|(_, character)| character.is_ascii_alphanumeric()) {
            let other = if character == '0' { '1' } else { '0' };
            let edited: String = text.char_indices().map(|(i, it)| if i == at { other } else { it }).collect();
            assert_eq!(read(&edited), None, "{edited}");
        }
    }
}
