//! Rows 15 and 43: where the record cannot be written, or must not be.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::process::Command;

use mcr::imitation::{Imitation, Reply};
use serde_json::{Value, json};

use super::{audit, folder};
use crate::common::{Sandbox, Server, ask, config, soon};

/// A service that may write files of four kilobytes at most, whose only long one is the record.
async fn without_room(required: bool) -> (Sandbox, Server, Imitation) {
    let upstream = Imitation::start(|_, _| Reply::say("Hello")).await.unwrap();
    let sandbox = Sandbox::new();
    let mut config = config(&upstream.url());
    config["LOG"] = json!(false);
    config["Audit"] = json!({"required": required});
    sandbox.configure(&config);
    let inner = sandbox.command(["start", "--foreground", "--port", "0", "--config", "config.json"]);
    let mut command = Command::new("/bin/sh");
    // Of 512 bytes each; without the signal that would end the process.
    command.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh"]);
    command.arg(inner.get_program()).args(inner.get_args());
    command.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(sandbox.folder());
    let server = Server::spawn(command, &sandbox.home()).await;
    (sandbox, server, upstream)
}

#[tokio::test]
async fn row_43_without_room_requests_go_on_and_the_record_stays_whole() {
    let (sandbox, server, _upstream) = without_room(false).await;
    for _ in 0..20 {
        let answer = soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer");
        assert_eq!(answer.status, 200);
    }
    server.stopped().await;
    let (code, verified) = audit(&sandbox, &["verify", "--json"]);
    let records = verified["records"].as_u64().expect("a number");
    assert_eq!((code, &verified["torn"]), (0, &json!([])), "{verified}");
    assert!((2..15).contains(&records), "{verified}");
}

#[tokio::test]
async fn row_43_without_room_nothing_is_sent_where_the_record_is_required() {
    let (sandbox, server, upstream) = without_room(true).await;
    let (mut answered, mut refused) = (0, Vec::new());
    for _ in 0..20 {
        let answer = soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer");
        match answer.error {
            None => answered += 1,
            Some(error) => refused.push((answer.status, error.message)),
        }
    }
    let words = "mcr: the audit record cannot be written (file too large) and `Audit.required` is set, so nothing was \
                 sent; run `mcr audit checkpoint` in a terminal to see what is in the way";
    assert!(answered > 0 && answered + refused.len() == 20);
    assert!(refused.iter().all(|(status, message)| (*status, &**message) == (503, words)), "{refused:?}");
    assert_eq!(upstream.captured().len(), answered);
    server.stopped().await;
    assert_eq!(audit(&sandbox, &["verify", "--json"]).0, 0);
}

#[tokio::test]
async fn row_43_a_start_without_a_folder_fails_where_the_record_is_required_and_goes_on_where_not() {
    for required in [true, false] {
        let upstream = Imitation::start(|_, _| Reply::say("Hello")).await.unwrap();
        let sandbox = Sandbox::new();
        let mut config = config(&upstream.url());
        config["Audit"] = json!({"required": required});
        sandbox.configure(&config);
        fs::create_dir_all(folder(&sandbox).parent().unwrap()).unwrap();
        fs::write(folder(&sandbox), "a file").unwrap();
        if required {
            let picture = sandbox.mcr(["start", "--foreground", "--port", "0", "--config", "config.json"]);
            assert!(picture.starts_with("exit code: 74\n"), "{picture}");
            assert!(
                picture.contains("error: the audit record cannot be written\n  caused by: cannot make `"),
                "{picture}"
            );
            assert!(picture.contains("\nhint: or set `Audit.required` to false"), "{picture}");
        } else {
            let server = sandbox.start().await;
            for _ in 0..2 {
                let answer = soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer");
                assert_eq!(answer.status, 200);
            }
            server.wait_for_log(" request ", 2).await;
            assert_eq!(server.log().matches("the audit record cannot be written").count(), 1, "{}", server.log());
            // Once there is a folder, what is missing is counted.
            fs::remove_file(folder(&sandbox)).unwrap();
            soon(server.client().messages(&ask("Hi"))).await.expect("a lawful answer");
            server.wait_for_log(" request ", 3).await;
            let (_, shown) = audit(&sandbox, &["show", "--json"]);
            let told: Vec<(Value, Value)> = shown["records"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| (it["kind"].clone(), it["lost"].clone()))
                .collect();
            assert_eq!(told, [(json!("gap"), json!(3)), (json!("request"), Value::Null)]);
        }
    }
}

#[test]
fn row_43_what_cannot_be_recorded_is_not_changed_where_the_record_is_required() {
    for required in [true, false] {
        let sandbox = Sandbox::new();
        let mut config = config("http://127.0.0.1:9/v1");
        config["Audit"] = json!({"required": required});
        sandbox.write("home/config.json", &config.to_string());
        fs::create_dir_all(folder(&sandbox).parent().unwrap()).unwrap();
        fs::write(folder(&sandbox), "a file").unwrap();
        let picture = sandbox.mcr(["egress", "allow", "llm.example", "--operator", "Example", "--reason", "r"]);
        let is_allowed = sandbox.mcr(["egress", "check", "llm.example"]).starts_with("exit code: 0\n");
        assert_eq!((picture.starts_with("exit code: 0\n"), is_allowed), (!required, !required), "{picture}");
        let words = if required { "error: the audit record cannot be written" } else { "warning: this is not on the" };
        assert!(picture.contains(words), "{picture}");
    }
}

#[tokio::test]
async fn row_15_no_link_and_nobody_elses_folder_is_written_to() {
    for what in ["a link", "another's folder", "a link for the month"] {
        let sandbox = Sandbox::new();
        let mut config = config("http://127.0.0.1:9");
        config["Audit"] = json!({"required": true});
        sandbox.configure(&config);
        let (record, elsewhere) = (folder(&sandbox), sandbox.folder().join("elsewhere"));
        fs::create_dir_all(record.parent().unwrap()).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        let expect = match what {
            "a link" => {
                symlink(&elsewhere, &record).unwrap();
                "it is a symbolic link; name what it points to"
            }
            "a link for the month" => {
                fs::create_dir(&record).unwrap();
                let month = jiff::Timestamp::now().strftime("%Y-%m").to_string();
                symlink(&elsewhere, record.join(month)).unwrap();
                "it is a symbolic link; name what it points to"
            }
            _ => {
                fs::create_dir(&record).unwrap();
                fs::set_permissions(&record, fs::Permissions::from_mode(0o777)).unwrap();
                // Only root can give a folder away; in CI the tests run as root.
                if chown(&record, Some(1), None).is_err() {
                    assert!(std::env::var_os("CI").is_none(), "nobody can give a folder away");
                    continue;
                }
                "it belongs to another user"
            }
        };
        let picture = sandbox.mcr(["start", "--foreground", "--port", "0", "--config", "config.json"]);
        assert!(picture.starts_with("exit code: 77\n") && picture.contains(expect), "{what}: {picture}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
}
