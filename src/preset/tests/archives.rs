//! Archives that lie: row 21 of the threat table.

use std::io::Write as _;

use flate2::{
    Compression, Crc,
    write::{DeflateEncoder, GzEncoder},
};

use crate::preset::{
    archive::unpack,
    package::{MOST_BYTES, Refused},
};

const MANIFEST: (&str, &[u8]) = ("manifest.json", b"{}");

/// One entry of a zip, with what a liar may change.
struct Entry {
    name: String,
    content: Vec<u8>,
    size: usize,
    mode: u32,
    method: u16,
    local_name: Option<String>,
    flags: u16,
}

fn entry(name: &str, content: &[u8]) -> Entry {
    let (name, content, size) = (name.to_owned(), content.to_vec(), content.len());
    Entry { name, content, size, mode: 0o100_644, method: 8, local_name: None, flags: 0 }
}

fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let packed = if entry.method == 8 {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(&entry.content).unwrap();
            encoder.finish().unwrap()
        } else {
            entry.content.clone()
        };
        let mut crc = Crc::new();
        crc.update(&entry.content);
        let offset = u32::try_from(bytes.len()).unwrap();
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let short = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let middle = [
            &entry.flags.to_le_bytes()[..],
            &entry.method.to_le_bytes(),
            &[0; 4],
            &crc.sum().to_le_bytes(),
            &number(packed.len()),
            &number(entry.size),
        ]
        .concat();
        bytes.extend(
            [b"PK\x03\x04\x14\0", &middle[..], &short(local_name.len()), &[0, 0], local_name.as_bytes(), &packed]
                .concat(),
        );
        directory.extend(
            [
                b"PK\x01\x02\x14\x03\x14\0",
                &middle[..],
                &short(entry.name.len()),
                &[0; 8],
                &(entry.mode << 16).to_le_bytes(),
                &offset.to_le_bytes(),
                entry.name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let start = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let length = u32::try_from(directory.len()).unwrap().to_le_bytes();
    bytes.extend(directory);
    bytes.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &length, &start, &[0, 0]].concat());
    bytes
}

fn tar(entries: &[(&str, &[u8])]) -> tar::Builder<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = header(path, tar::EntryType::Regular);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder
}

/// A head whose path is taken as it is: the builder would refuse what a liar writes.
fn header(path: &str, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(0);
    header.set_cksum();
    header
}

fn gz(builder: tar::Builder<Vec<u8>>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&builder.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}

fn paths(bytes: &[u8]) -> Vec<String> {
    let package = unpack(bytes).unwrap_or_else(|refused| panic!("{refused}"));
    package.files().map(|(path, _)| path.to_owned()).collect()
}

fn refused(entries: Vec<Entry>) -> String {
    let entries: Vec<Entry> = std::iter::once(entry(MANIFEST.0, MANIFEST.1)).chain(entries).collect();
    unpack(&zip(&entries)).map(drop).expect_err("it is refused").to_string()
}

#[test]
fn an_honest_archive_is_unpacked_hidden_files_and_old_answers_left_out() {
    let files = [("manifest.json", &b"{}"[..]), ("prompts/a.md", b"text"), (".gitignore", b""), ("values.json", b"{}")];
    let entries: Vec<Entry> = files.iter().map(|(path, content)| entry(path, content)).collect();
    assert_eq!(paths(&zip(&entries)), ["manifest.json", "prompts/a.md"]);
    assert_eq!(paths(&gz(tar(&files))), ["manifest.json", "prompts/a.md"]);
    let stored = Entry { method: 0, ..entry("manifest.json", b"{}") };
    assert_eq!(paths(&zip(&[stored])), ["manifest.json"]);
}

#[test]
fn the_one_folder_around_a_repository_is_taken_off() {
    let files = [("x-main/manifest.json", &b"{}"[..]), ("x-main/README.md", b"")];
    assert_eq!(paths(&gz(tar(&files))), ["README.md", "manifest.json"]);
    let two = [("x/manifest.json", &b"{}"[..]), ("y/README.md", b"")];
    assert_eq!(unpack(&gz(tar(&two))).unwrap_err(), Refused::NoManifest);
}

#[test]
fn paths_that_leave_the_folder_are_refused_by_their_components() {
    for (path, why) in [
        ("../x", "leads out of the folder"),
        ("a/../../x", "leads out of the folder"),
        ("../manifest.json-evil/x", "leads out of the folder"),
        ("/etc/passwd", "is an absolute path"),
        ("a\\..\\x", "has a backslash, which divides paths on Windows"),
        ("C:x", "has a colon, which names a drive or a hidden stream on Windows"),
        ("manifest.json:stream", "has a colon, which names a drive or a hidden stream on Windows"),
        ("CON", "is a device on Windows"),
        ("a/nul.txt", "is a device on Windows"),
        ("a./x", "ends in a dot or a space, which Windows drops"),
        ("a?", "has a character that paths on Windows cannot have"),
        ("a/b/c/d/e/f/g/h/i", "is no path of a file"),
    ] {
        assert_eq!(refused(vec![entry(path, b"x")]), format!("`{path}` {why}"));
        let tarred = gz(tar(&[MANIFEST, (path, b"x")]));
        assert_eq!(unpack(&tarred).unwrap_err().to_string(), format!("`{path}` {why}"));
    }
    // The name of a neighbour that begins alike stays inside, and a longer name is one.
    assert_eq!(paths(&zip(&[entry("manifest.json", b"{}"), entry("manifest.json-evil/x", b"")])).len(), 2);
}

#[test]
fn links_and_devices_are_refused() {
    let link = Entry { mode: 0o120_777, ..entry("l", b"/etc/passwd") };
    assert_eq!(refused(vec![link]), "`l` is a symbolic link");
    let device = Entry { mode: 0o060_666, ..entry("d", b"") };
    assert_eq!(refused(vec![device]), "`d` is neither a file nor a folder");
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link, tar::EntryType::Char, tar::EntryType::Fifo] {
        let mut builder = tar(&[MANIFEST]);
        builder.append(&header("l", kind), std::io::empty()).unwrap();
        assert_eq!(unpack(&gz(builder)).unwrap_err().to_string(), "`l` is neither a file nor a folder", "{kind:?}");
    }
}

#[test]
fn two_paths_that_are_one_elsewhere_are_refused() {
    assert_eq!(
        refused(vec![entry("Manifest.JSON", b"{}")]),
        "`manifest.json` and `Manifest.JSON` are one path on systems that take capitals for small letters"
    );
    assert_eq!(refused(vec![entry("manifest.json", b"{\"evil\": 1}")]), "`manifest.json` stands in it twice");
    assert_eq!(refused(vec![entry("manifest.json/x", b"")]), "`manifest.json` stands in it twice");
    assert_eq!(
        refused(vec![entry("a/x", b""), entry("A/y", b"")]),
        "`a` and `A` are one path on systems that take capitals for small letters"
    );
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    let zeros = vec![0; MOST_BYTES / 2];
    assert_eq!(refused(vec![entry("zeros", &zeros)]), "`zeros` unpacks to more than 100 times its size");
    let liar = Entry { size: 10, ..entry("liar", &zeros) };
    assert_eq!(refused(vec![liar]), "`liar` unpacks to more than 100 times its size");
    assert_eq!(unpack(&gz(tar(&[MANIFEST, ("zeros", &zeros)]))).unwrap_err(), Refused::Bomb("the archive".to_owned()));
}

#[test]
fn too_much_is_refused() {
    let noise: Vec<u8> = (0..MOST_BYTES).map(|at| u8::try_from((at * at + at / 251) % 251).unwrap()).collect();
    let stored = Entry { method: 0, ..entry("noise", &noise) };
    assert_eq!(refused(vec![stored]), "it unpacks to more than 1048576 bytes");
    let many: Vec<Entry> = (0..64).map(|number| entry(&number.to_string(), b"")).collect();
    assert_eq!(refused(many), "it has more than 64 files and folders");
    let files: Vec<String> = (0..80).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &[u8])> = files.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(unpack(&gz(tar(&many))).unwrap_err(), Refused::TooMany);
    assert_eq!(unpack(&vec![b'P'; 5 * 1024 * 1024]).unwrap_err(), Refused::TooLargePacked);
}

#[test]
fn a_zip_that_two_readers_could_read_differently_is_refused() {
    let other = Entry { local_name: Some("other".to_owned()), ..entry("named", b"x") };
    assert_eq!(refused(vec![other]), "`named` is called otherwise in its own head");
    let encrypted = Entry { flags: 1, ..entry("e", b"x") };
    assert_eq!(refused(vec![encrypted]), "`e` is encrypted");
    let strange = Entry { method: 12, ..entry("s", b"x") };
    assert_eq!(refused(vec![strange]), "`s` is packed in a way that mcr does not know");
    let mut damaged = zip(&[Entry { method: 0, ..entry("manifest.json", b"{abc}") }]);
    let at = damaged.windows(5).position(|window| window == b"{abc}").unwrap();
    damaged[at + 1] = b'x';
    assert_eq!(unpack(&damaged).unwrap_err().to_string(), "`manifest.json` is damaged: its checksum is another");
}

#[test]
fn every_cut_of_an_archive_is_refused_and_none_panics() {
    for whole in [zip(&[entry("manifest.json", b"{}"), entry("a/b", b"text")]), gz(tar(&[MANIFEST, ("a/b", b"text")]))]
    {
        for end in 0..whole.len() {
            unpack(&whole[..end]).expect_err("half an archive");
        }
        // Whatever one wrong byte makes of it, it ends.
        for at in 0..whole.len() {
            for bit in [1, 0x80, 0xff] {
                let mut wrong = whole.clone();
                wrong[at] ^= bit;
                drop(unpack(&wrong));
            }
        }
    }
}
