//! `mcr service install` and `uninstall`.

#![cfg(target_os = "linux")]

use std::fs;

use insta::assert_snapshot;

use crate::common::{Sandbox, config};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("home/config.json", &config("http://127.0.0.1:9/v1").to_string());
    sandbox
}

#[test]
fn a_unit_is_written_and_taken_away_again() {
    let sandbox = sandbox();
    let binary = env!("CARGO_BIN_EXE_mcr");
    assert_snapshot!(sandbox.mcr(["service", "install"]), @r"
    exit code: 0
    ----- stderr -----
    wrote ~/.config/systemd/user/mcr.service
    run `systemctl --user daemon-reload && systemctl --user enable --now mcr` to start it now and at every login
    ");
    let file = sandbox.folder().join(".config/systemd/user/mcr.service");
    let unit = fs::read_to_string(&file).unwrap();
    assert!(unit.contains(&format!("\nExecStart=\"{binary}\" start --foreground\n")), "{unit}");
    assert!(unit.contains(&format!("\nEnvironment=\"MCR_HOME={}\"\n", sandbox.home().display())), "{unit}");
    assert_snapshot!(sandbox.mcr(["service", "uninstall"]), @r"
    exit code: 0
    ----- stderr -----
    took away ~/.config/systemd/user/mcr.service
    run `systemctl --user disable --now mcr; systemctl --user daemon-reload` to end what is running of it
    ");
    assert!(!file.exists());
    assert_snapshot!(sandbox.mcr(["service", "uninstall"]), @r"
    exit code: 0
    ----- stderr -----
    there is no such file: ~/.config/systemd/user/mcr.service
    ");
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = sandbox();
    let picture = sandbox.mcr(["service", "install", "--dry-run"]);
    assert!(picture.contains("would write ~/.config/systemd/user/mcr.service"), "{picture}");
    assert!(!sandbox.folder().join(".config").exists());
}

#[test]
fn a_unit_of_somebody_elses_is_left_alone() {
    let sandbox = sandbox();
    let file = sandbox.write(".config/systemd/user/mcr.service", "[Unit]\nDescription=mine\n");
    for command in ["install", "uninstall"] {
        let picture = sandbox.mcr(["service", command]);
        assert!(
            picture.starts_with("exit code: 73\n----- stderr -----\nerror: this file is not mcr's: ~/"),
            "{picture}"
        );
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "[Unit]\nDescription=mine\n");
}

#[test]
fn variables_that_a_login_does_not_have_are_named() {
    let mut sandbox = Sandbox::new();
    sandbox.set("MY_KEY", "sk-1");
    let mut config = config("http://127.0.0.1:9/v1");
    config["Providers"][0]["api_key"] = "$MY_KEY".into();
    sandbox.write("home/config.json", &config.to_string());
    let picture = sandbox.mcr(["service", "install", "--dry-run"]);
    let warning = "warning: at login nobody sets `MY_KEY`; keep keys with `mcr key set NAME` instead";
    assert!(picture.contains(warning) && !picture.contains("sk-1"), "{picture}");
}
