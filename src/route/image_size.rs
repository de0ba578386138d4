//! How many tokens an image takes, from the first bytes of its data URL.
//!
//! Mistral's image encoder cuts an image of at most 1540 pixels a side into patches
//! of 28 pixels, with a mark at the end of each row (`mistral_common`, image config
//! of tokenizers 13 and 15).

const LONGEST_SIDE: f64 = 1540.0;
const PATCH: f64 = 28.0;
/// A side in patches where the size cannot be read: the largest there is.
const UNKNOWN: u64 = 55;
/// Base64 characters that are enough to find a size in ordinary files.
const HEAD: usize = 64 * 1024;

/// Returns the tokens of an image given as a URL.
pub(super) fn tokens(url: &str) -> u64 {
    let size = url.split_once(";base64,").and_then(|(_, data)| size(&decode(&data[..data.len().min(HEAD)])));
    let (columns, rows) = size.map_or((UNKNOWN, UNKNOWN), patches);
    (columns + 1) * rows
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 55")]
fn patches((width, height): (u32, u32)) -> (u64, u64) {
    let (width, height) = (f64::from(width), f64::from(height));
    let ratio = (width / LONGEST_SIDE).max(height / LONGEST_SIDE).max(1.0);
    // Python's round-half-even and this differ only at exact halves.
    let side = |pixels: f64| ((((pixels / ratio).round_ties_even() - 1.0) / PATCH).floor().max(0.0)) as u64 + 1;
    (side(width), side(height))
}

/// Reads width and height of PNG, GIF, JPEG and WebP.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let big = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let little = |at: usize| Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((big(16)?, big(20)?));
    }
    if bytes.starts_with(b"GIF8") {
        return Some((little(6)?, little(8)?));
    }
    if bytes.starts_with(b"RIFF") && bytes.get(12..16)? == b"VP8 " {
        return Some((little(26)? & 0x3fff, little(28)? & 0x3fff));
    }
    if bytes.starts_with(b"\xff\xd8") {
        return jpeg(bytes);
    }
    None
}

fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let &[0xff, marker, high, low] = bytes.get(at..at + 4)? else { return None };
        // Start of frame, whatever the coding; C4, C8 and CC mean something else.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let &[h1, h0, w1, w0] = bytes.get(at + 5..at + 9)? else { return None };
            return Some((u32::from(u16::from_be_bytes([w1, w0])), u32::from(u16::from_be_bytes([h1, h0]))));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
}

/// Decodes base64 up to the first thing that is not.
fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0u32;
    let mut count = 0;
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_png_of_one_pixel_is_one_patch_and_a_row_mark() {
        let png = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        assert_eq!(tokens(png), 2);
    }

    #[test]
    fn a_large_image_is_scaled_down_first() {
        assert_eq!(patches((3080, 1540)), (55, 28));
    }

    #[test]
    fn an_unknown_format_counts_as_the_largest() {
        assert_eq!(tokens("https://example.org/a.png"), 56 * 55);
    }
}
