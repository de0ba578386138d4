//! What the store keeps, and from whom.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use super::*;

struct Home {
    folder: tempfile::TempDir,
    store: Store,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&Paths::below(folder.path()));
        Self { folder, store }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("state/keys.json")
    }

    fn write(&self, text: &str) {
        fs::create_dir_all(self.folder.path().join("state")).unwrap();
        fs::write(self.file(), text).unwrap();
        fs::set_permissions(self.file(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn failure(&self) -> String {
        self.store.list().unwrap_err().to_string().replace(&self.folder.path().display().to_string(), "~")
    }
}

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

fn hosts(texts: &[&str]) -> Vec<Host> {
    texts.iter().map(|text| Host::parse(text).unwrap()).collect()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[test]
fn a_key_is_there_for_its_hosts_and_no_other() {
    let home = Home::new();
    assert!(home.store.get(&name("mistral")).unwrap().is_none());
    home.store.set(&name("mistral"), &secret("sk-1"), &hosts(&["b.example", "A.example", "b.example"])).unwrap();
    let stored = home.store.get(&name("mistral")).unwrap().unwrap();
    let key = |host: &str| stored.key_for(&Host::of_url(host)).map(Secret::expose);
    assert_eq!([key("a.example"), key("B.EXAMPLE"), key("evil.example")], [Some("sk-1"), Some("sk-1"), None]);
    assert_eq!(stored.hosts, hosts(&["a.example", "b.example"]));
    assert_eq!(stored.set.parse::<jiff::civil::Date>().map(|date| date.to_string()).ok(), Some(stored.set.clone()));
}

#[test]
fn a_key_set_again_has_its_new_hosts_only() {
    let home = Home::new();
    home.store.set(&name("k"), &secret("sk-1"), &hosts(&["a.example"])).unwrap();
    home.store.set(&name("k"), &secret("sk-2"), &hosts(&["b.example"])).unwrap();
    let stored = home.store.get(&name("k")).unwrap().unwrap();
    let key = |host: &str| stored.key_for(&Host::of_url(host)).map(Secret::expose);
    assert_eq!((key("a.example"), key("b.example")), (None, Some("sk-2")));
}

#[test]
fn a_key_that_is_taken_away_is_gone_from_the_disk() {
    let home = Home::new();
    home.store.set(&name("a"), &secret("sk-gone"), &hosts(&["x.example"])).unwrap();
    home.store.set(&name("b"), &secret("sk-stays"), &hosts(&["x.example"])).unwrap();
    assert_eq!((home.store.remove(&name("a")), home.store.remove(&name("a"))), (Ok(true), Ok(false)));
    let text = fs::read_to_string(home.file()).unwrap();
    assert!(!text.contains("sk-gone") && text.contains("sk-stays"), "{text}");
    let left: Vec<String> = home.store.list().unwrap().into_keys().map(String::from).collect();
    assert_eq!(left, ["b"]);
}

#[test]
fn what_is_written_is_the_owners_alone() {
    let home = Home::new();
    home.store.set(&name("a"), &secret("sk-1"), &[]).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let state = home.folder.path().join("state");
    assert_eq!([mode(&home.file()), mode(&state.join("keys.lock")), mode(&state)], [0o600, 0o600, 0o700]);
}

#[test]
fn a_store_that_others_can_read_is_refused() {
    let home = Home::new();
    home.store.set(&name("a"), &secret("sk-1"), &[]).unwrap();
    fs::set_permissions(home.file(), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(home.store.list().unwrap_err().is_denied());
    assert_eq!(
        home.failure(),
        "cannot read the store of keys: others can read it, its mode is 644; \
         run `chmod 600 ~/state/keys.json`, and change the keys if others use this machine"
    );
    // Writing would hide that they could.
    home.store.set(&name("b"), &secret("sk-2"), &[]).unwrap_err();
}

#[test]
fn a_store_behind_a_link_is_refused() {
    let home = Home::new();
    home.write("{\"version\": 1, \"keys\": {}}");
    let elsewhere = home.folder.path().join("elsewhere.json");
    fs::rename(home.file(), &elsewhere).unwrap();
    symlink(&elsewhere, home.file()).unwrap();
    assert!(home.failure().starts_with("cannot read the store of keys: "), "{}", home.failure());
}

#[test]
fn a_broken_store_is_told_without_what_it_holds() {
    let home = Home::new();
    for text in ["{\"version\": 1, \"keys\": {\"a\": \"sk-1\"}}", "{\"version\": 1, \"keys\": {\"sk-1", "\"sk-1\""] {
        home.write(text);
        let words = home.failure();
        assert!(words.starts_with("cannot understand the store of keys (line 1, column "), "{words}");
        assert!(words.ends_with("; move it away and set the keys anew: ~/state/keys.json"), "{words}");
        assert!(!words.contains("sk-1"), "{words}");
        home.store.set(&name("b"), &secret("sk-2"), &[]).unwrap_err();
        assert_eq!(fs::read_to_string(home.file()).unwrap(), text);
    }
}

#[test]
fn a_store_of_a_later_mcr_is_left_alone() {
    let home = Home::new();
    home.write("{\"version\": 2, \"keys\": {}}");
    assert_eq!(
        home.failure(),
        "the store of keys has version 2, and this mcr knows 1; use the newer mcr that wrote it"
    );
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            // Each change opens the lock anew, so threads wait for one another as processes do.
            let store = &home.store;
            scope.spawn(move || {
                for key in 0..8 {
                    store.set(&name(&format!("k{writer}-{key}")), &secret("sk-1"), &[]).unwrap();
                }
            });
        }
    });
    assert_eq!(home.store.list().unwrap().len(), 64);
}

#[test]
fn debug_shows_no_key() {
    let home = Home::new();
    home.store.set(&name("a"), &secret("sk-1"), &hosts(&["x.example"])).unwrap();
    let shown = format!("{:?} {:?}", home.store, home.store.list().unwrap());
    assert!(shown.contains("[secret]") && !shown.contains("sk-1"), "{shown}");
}
