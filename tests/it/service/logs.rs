//! `mcr logs`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use insta::assert_snapshot;

use super::Service;
use crate::common::{Sandbox, config};

#[test]
fn without_a_log_the_command_that_makes_one_is_named() {
    assert_snapshot!(Sandbox::new().mcr(["logs"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no log yet: ~/home/logs
    hint: run `mcr start`
    ");
}

#[test]
fn the_log_is_the_running_services_and_can_be_cut_and_named() {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    sandbox.write("home/logs/mcr-20990101000000-1.log", "another process\n");
    let service = Service::start(&sandbox);
    let log = sandbox.mcr(["logs"]);
    assert!(log.contains(&format!("info  service started url={}", service.url())) && !log.contains("another"), "{log}");
    let path = sandbox.mcr(["logs", "--path"]);
    assert!(path.contains(&format!("-{}.log\n", service.record()["pid"])), "{path}");
    assert_snapshot!(sandbox.mcr(["logs", "-n", "0"]), @"exit code: 0");
}

#[test]
fn a_log_is_followed_as_it_grows() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("home/logs/mcr-20260101000000-1.log", "one\ntwo\n");
    let mut command = sandbox.command(["logs", "-f", "-n", "1"]);
    let mut follows = command.stdout(Stdio::piped()).spawn().expect("the binary runs");
    let mut lines = BufReader::new(follows.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "two");
    std::fs::write(&file, "one\ntwo\nthree\n").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "three");
    follows.kill().unwrap();
    follows.wait().unwrap();
}

#[test]
fn who_reads_along_goes_on_with_the_service_that_takes_its_place() {
    let sandbox = Sandbox::new();
    sandbox.configure(&config("http://127.0.0.1:9/v1"));
    let service = Service::start(&sandbox);
    let first = service.record()["pid"].clone();
    let mut follows = sandbox.command(["logs", "-f"]).stdout(Stdio::piped()).spawn().expect("the binary runs");
    let lines = BufReader::new(follows.stdout.take().unwrap()).lines();
    let mut starts = lines.map_while(Result::ok).filter(|line| line.contains("service started"));
    starts.next().expect("the first service");
    assert!(sandbox.mcr(["restart"]).starts_with("exit code: 0\n"));
    assert_ne!(service.record()["pid"], first);
    starts.next().expect("the second one");
    follows.kill().unwrap();
    follows.wait().unwrap();
}
