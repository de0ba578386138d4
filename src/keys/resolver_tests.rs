//! Where keys are found, and when they are not.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::*;

struct Home {
    folder: tempfile::TempDir,
    paths: Paths,
    resolver: Resolver,
}

fn environment(name: &str) -> Option<String> {
    match name {
        "KEY" => Some("sk-variable".to_owned()),
        "EMPTY" => Some(String::new()),
        "BROKEN" => Some("sk\n".to_owned()),
        _ => None,
    }
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path());
        let resolver = Resolver { home: Some(folder.path().to_owned()), ..Resolver::new(&paths, environment) };
        Self { folder, paths, resolver }
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn set(&self, name: &str, value: &str, host: &str) {
        let (name, host) = (KeyName::parse(name).unwrap(), Host::parse(host).unwrap());
        Store::open(&self.paths).set(&name, &Secret::new(value.to_owned()), &[host]).unwrap();
    }

    fn reference(&self, text: &str) -> SecretRef {
        SecretRef::parse(text, self.folder.path()).unwrap()
    }

    async fn error(&self, text: &str, host: &str) -> KeyError {
        self.resolver.resolve(&self.reference(text), host).await.map(drop).unwrap_err()
    }

    /// The key, or what the person is told; `~` is the folder.
    async fn ask(&self, text: &str, host: &str) -> String {
        match self.resolver.resolve(&self.reference(text), host).await {
            Ok(key) => key.expose().to_owned(),
            Err(error) => error.to_string().replace(&self.folder.path().display().to_string(), "~"),
        }
    }
}

const HOST: &str = "api.example";

#[tokio::test]
async fn a_key_is_found_wherever_it_is() {
    let home = Home::new();
    home.write("key", "sk-file\n", 0o600);
    home.write("plain", "sk-plain", 0o400);
    home.write("windows", "sk-windows\r\n", 0o600);
    home.set("k", "sk-stored", HOST);
    for (text, key) in [
        ("sk-written", "sk-written"),
        ("env:KEY", "sk-variable"),
        ("file:key", "sk-file"),
        ("file:~/plain", "sk-plain"),
        ("file:windows", "sk-windows"),
        ("cmd:echo sk-printed", "sk-printed"),
        ("store:k", "sk-stored"),
    ] {
        assert_eq!(home.ask(text, HOST).await, key, "{text}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_comes_with_the_command_that_puts_it_there() {
    let home = Home::new();
    home.write("two", "sk-1\nsk-2\n", 0o600);
    for (text, words) in [
        ("env:NONE", "environment variable `NONE` is unset or empty; run `export NONE=...` and start again"),
        ("env:EMPTY", "environment variable `EMPTY` is unset or empty; run `export EMPTY=...` and start again"),
        (
            "env:BROKEN",
            "environment variable `BROKEN` holds no key: a key has no spaces, line ends or other than ASCII \
             characters; run `export BROKEN=...` and start again",
        ),
        (
            "file:none",
            "cannot read `file:none`: it is not there; \
             run `install -m 600 /dev/stdin ~/none`, type the key and end with Ctrl-D",
        ),
        (
            "file:two",
            "`file:two` holds no key: a key has no spaces, line ends or other than ASCII characters; \
             run `install -m 600 /dev/stdin ~/two`, type the key and end with Ctrl-D",
        ),
        ("store:none", "there is no key `none` in the store; run `mcr key set none --host api.example`"),
        ("cmd:false", "`cmd:false` failed with exit code 1; run `false` to see what it wants, and start mcr again"),
    ] {
        assert_eq!(home.ask(text, HOST).await, words, "{text}");
    }
}

#[tokio::test]
async fn a_file_that_others_can_read_is_refused() {
    let home = Home::new();
    home.write("key", "sk-1\n", 0o644);
    assert_eq!(
        home.ask("file:key", HOST).await,
        "cannot read `file:key`: others can read it, its mode is 644; run `chmod 600 ~/key`"
    );
    assert_eq!(home.error("file:key", HOST).await.exit, Exit::Denied);
    home.write("key", "sk-1\n", 0o600);
    assert_eq!(home.ask("file:key", HOST).await, "sk-1");
}

#[tokio::test]
async fn a_stored_key_goes_to_no_host_that_it_was_not_asked_for() {
    let home = Home::new();
    home.set("k", "sk-1", HOST);
    assert_eq!(home.ask("store:k", "API.example").await, "sk-1");
    assert_eq!(
        home.ask("store:k", "evil.example").await,
        "key `k` is bound to api.example, and was not sent to evil.example; \
         if it belongs there too, run `mcr key set k --host api.example --host evil.example`"
    );
    assert_eq!(home.error("store:k", "evil.example").await.exit, Exit::Denied);
}

#[tokio::test]
async fn what_was_found_is_remembered_until_it_is_refused() {
    let home = Home::new();
    home.set("k", "sk-1", HOST);
    home.write("key", "sk-1", 0o600);
    for text in ["store:k", "file:key"] {
        assert_eq!(home.ask(text, HOST).await, "sk-1");
    }
    home.set("k", "sk-2", HOST);
    home.write("key", "sk-2", 0o600);
    for text in ["store:k", "file:key"] {
        assert_eq!(home.ask(text, HOST).await, "sk-1");
        home.resolver.forget(&home.reference(text), HOST);
        assert_eq!(home.ask(text, HOST).await, "sk-2");
    }
}

#[tokio::test]
async fn a_program_runs_once_whoever_asks_and_however_it_ends() {
    let home = Home::new();
    for (script, expect) in [("echo sk-1", "sk-1"), ("exit 1", "`cmd:sh ")] {
        let log = format!("log-{}", expect.len());
        let text = format!("cmd:sh -c 'echo x >> {log}; {script}'");
        let (first, second) = tokio::join!(home.ask(&text, HOST), home.ask(&text, "other.example"));
        home.resolver.forget(&home.reference(&text), HOST);
        let third = home.ask(&text, HOST).await;
        assert!([first, second, third].iter().all(|key| key.starts_with(expect)), "{text}");
        assert_eq!(fs::read_to_string(home.folder.path().join(log)).unwrap(), "x\n");
    }
}

#[tokio::test]
async fn a_program_whose_key_was_refused_is_asked_again_after_half_a_minute() {
    let home = Home::new();
    let text = "cmd:sh -c 'echo x >> log; echo sk-$(wc -l < log)'";
    let mut keys = Vec::new();
    for seconds in [0, 29, 1] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(seconds)).await;
        tokio::time::resume();
        home.resolver.forget(&home.reference(text), HOST);
        keys.push(home.ask(text, HOST).await);
    }
    assert_eq!(keys, ["sk-1", "sk-1", "sk-2"]);
}

#[tokio::test]
async fn a_program_runs_to_its_end_when_whoever_asked_goes_away() {
    let home = Home::new();
    let text = "cmd:sh -c 'echo x >> log; read line < gate; echo sk-1'";
    let gate = home.folder.path().join("gate");
    rustix::fs::mknodat(rustix::fs::CWD, &gate, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let reference = home.reference(text);
    tokio::select! {
        biased;
        _ = home.resolver.resolve(&reference, HOST) => panic!("the gate is shut"),
        // Once the pipe has somebody to read it, the program runs.
        opened = tokio::task::spawn_blocking(move || fs::OpenOptions::new().write(true).open(gate)) => {
            drop(opened.unwrap().unwrap());
        }
    }
    assert_eq!(home.ask(text, HOST).await, "sk-1");
    assert_eq!(fs::read_to_string(home.folder.path().join("log")).unwrap(), "x\n");
}
