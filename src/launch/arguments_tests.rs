use proptest::prelude::*;

use super::*;

fn owned(arguments: &[&str]) -> Vec<OsString> {
    arguments.iter().map(OsString::from).collect()
}

fn check(user: &[&str], expect: &[&str], settings: &[&str]) {
    let arguments = take_apart(&owned(user));
    assert_eq!(arguments.with_settings(Some(OsStr::new("OURS"))), owned(&[&["--settings", "OURS"], expect].concat()));
    assert_eq!(arguments.settings, owned(settings));
    assert!(matches!(arguments.purpose, Purpose::Routed | Purpose::Errand), "{:?}", arguments.purpose);
}

fn purpose(user: &[&str]) -> Purpose {
    take_apart(&owned(user)).purpose
}

#[test]
fn both_forms_of_settings_are_taken_out() {
    check(&["-p", "--settings", "a.json", "hi", "--settings={}"], &["-p", "hi"], &["a.json", "{}"]);
}

#[test]
fn settings_behind_the_double_dash_are_a_prompt() {
    check(&["-p", "--", "--settings", "x"], &["-p", "--", "--settings", "x"], &[]);
}

#[test]
fn a_value_that_looks_like_settings_is_a_value() {
    check(
        &["--append-system-prompt", "--settings", "x", "--model", "--", "--settings", "y"],
        &["--append-system-prompt", "--settings", "x", "--model", "--"],
        &["y"],
    );
}

#[test]
fn many_values_end_at_the_next_flag() {
    check(
        &["--allowedTools", "Bash(git:*)", "Read", "--settings", "x", "hi"],
        &["--allowedTools", "Bash(git:*)", "Read", "hi"],
        &["x"],
    );
}

#[test]
fn settings_without_a_value_stay_for_the_agent_to_complain() {
    check(&["-p", "hi", "--settings"], &["-p", "hi", "--settings"], &[]);
}

#[test]
fn a_subcommands_arguments_are_its_own() {
    let add = ["mcp", "add", "x", "server", "--settings", "its-own"];
    check(&add, &add, &[]);
    check(&["--settings", "x", "mcp", "list"], &["mcp", "list"], &["x"]);
    check(&["agents", "--settings", "x"], &["agents"], &["x"]);
}

#[test]
fn a_prompt_that_contains_a_subcommands_name_is_a_prompt() {
    check(&["-p", "hi", "mcp", "--settings", "x"], &["-p", "hi", "mcp"], &["x"]);
    check(&["-p", "stop that", "--settings", "x"], &["-p", "stop that"], &["x"]);
    check(&["-p", "sync"], &["-p", "sync"], &[]);
}

#[test]
fn subcommands_that_refuse_settings_get_none() {
    for user in [&["logs", "x"][..], &["rm", "x"], &["agents", "--json"], &["--verbose", "stop", "0123abcd"]] {
        assert_eq!(purpose(user), Purpose::Background, "{user:?}");
    }
    for user in [&["update"][..], &["install", "stable"], &["--update"]] {
        assert_eq!(purpose(user), Purpose::Update, "{user:?}");
    }
}

#[test]
fn only_a_session_asks_models() {
    for user in [&["mcp", "list"][..], &["doctor"], &["--version"], &["-p", "--help"], &["-v"]] {
        assert_eq!(purpose(user), Purpose::Errand, "{user:?}");
    }
    for user in [&[][..], &["-p", "hi"], &["-p", "--", "--version"], &["agents"], &["--name", "-v"]] {
        assert_eq!(purpose(user), Purpose::Routed, "{user:?}");
    }
}

#[test]
fn what_outlives_the_proxy_or_runs_elsewhere_is_unroutable() {
    let background = |word| Purpose::Unroutable(Unroutable::Background(word));
    let remote = |word| Purpose::Unroutable(Unroutable::Remote(word));
    assert_eq!(purpose(&["--bg", "hi"]), background("--bg"));
    assert_eq!(purpose(&["--model", "x", "--background"]), background("--background"));
    assert_eq!(purpose(&["attach", "x"]), background("attach"));
    assert_eq!(purpose(&["--cloud=hi"]), remote("--cloud"));
    assert_eq!(purpose(&["rc"]), remote("rc"));
    assert_eq!(purpose(&["--teleport", "agents", "--json"]), remote("--teleport"));
    assert_eq!(purpose(&["-p", "--", "--bg"]), Purpose::Routed);
    assert_eq!(purpose(&["--append-system-prompt", "--bg"]), Purpose::Routed);
}

/// What Claude Code 2.1.330 takes for its settings, and what it leaves: a copy of its scanner.
fn as_claude_sees(argv: &[OsString]) -> (Vec<OsString>, Vec<OsString>) {
    let (mut settings, mut rest) = (vec![], vec![]);
    let mut index = 0;
    while index < argv.len() && argv[index] != "--" {
        if let Some(value) = strip_prefix(&argv[index], "--settings=") {
            settings.push(value);
            index += 1;
        } else if argv[index] == "--settings" && index + 1 < argv.len() {
            settings.push(argv[index + 1].clone());
            index += 2;
        } else {
            let next = skip_value(argv, index);
            rest.extend_from_slice(&argv[index..next]);
            index = next;
        }
    }
    rest.extend_from_slice(&argv[index..]);
    (settings, rest)
}

fn words() -> impl Strategy<Value = Vec<OsString>> {
    let fixed = [
        "--",
        "-",
        "",
        "-p",
        "-n",
        "--model",
        "--allowedTools",
        "--resume",
        "--resume=abc",
        "--no-color",
        "--append-system-prompt",
        "--settings",
        "--settings=",
        "--settings={}",
        "--settingsx",
        "hi",
        "$(touch f)",
        "*",
        "a b",
        "\n",
        "'",
        "\"",
        "--debug",
        "--mcp-config",
    ];
    let fixed = prop::sample::select(fixed.to_vec()).prop_map(OsString::from);
    prop::collection::vec(prop_oneof![4 => fixed, 1 => bytes()], 0..12)
}

#[cfg(unix)]
fn bytes() -> impl Strategy<Value = OsString> {
    use std::os::unix::ffi::OsStringExt;
    prop::collection::vec(1_u8..=255, 0..8).prop_map(OsString::from_vec)
}

#[cfg(not(unix))]
fn bytes() -> impl Strategy<Value = OsString> {
    ".{0,8}".prop_map(OsString::from)
}

proptest! {
    // As many as row 12 of the table of threats wants.
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_agents_arguments_are_the_users_less_their_settings_plus_ours(user in words()) {
        let arguments = take_apart(&user);
        let (settings, rest) = as_claude_sees(&user);
        prop_assert_eq!(&arguments.settings, &settings);
        let expect = [owned(&["--settings", "OURS"]), rest].concat();
        prop_assert_eq!(arguments.with_settings(Some(OsStr::new("OURS"))), expect);
    }

    #[test]
    fn the_agent_sees_our_settings_and_no_others(user in words()) {
        let agents = take_apart(&user).with_settings(Some(OsStr::new("OURS")));
        prop_assert_eq!(as_claude_sees(&agents).0, owned(&["OURS"]));
    }
}
