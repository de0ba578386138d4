//! claude-code-router's routing faults, by the section of our notes that tells them; none of them here.

use super::scenarios::{config, route};
use crate::config::Config;
use crate::route::{Counter, Facts, TokenCount, take_tags};
use crate::translate::testing::{model, request, target_with};
use crate::translate::{self, session_id};

fn routes() -> Config {
    config(
        r#"{Providers: [{name: "p", api_base_url: "http://localhost/v1", models: ["main", "small", "thinker", "long", "agent"]}],
            Router: {default: "p,main", background: "p,small", think: "p,thinker", longContext: "p,long"}}"#,
    )
}

#[track_caller]
fn check(body: &str, tokens: u64, expect: &str) {
    assert_eq!(route(&routes(), body, tokens).unwrap().0, expect, "{body}");
}

#[test]
fn headline_3_thinking_that_is_disabled_or_a_default_does_not_take_the_think_route() {
    check(r#"{"model":"m","thinking":{"type":"disabled"}}"#, 10, "p,main");
    check(
        r#"{"model":"m","thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"high"}}"#,
        10,
        "p,main",
    );
}

#[test]
fn headline_3_a_session_is_found_in_metadata_of_either_form() {
    let json = r#"{"metadata":{"user_id":"{\"device_id\":\"a\",\"account_uuid\":\"\",\"session_id\":\"s-1\"}"}}"#;
    assert_eq!(session_id(&request(json)).as_deref(), Some("s-1"));
    let old = r#"{"metadata":{"user_id":"user_abc_account__session_s-2"}}"#;
    assert_eq!(session_id(&request(old)).as_deref(), Some("s-2"));
    for none in [r#"{"metadata":{"user_id":"me"}}"#, r#"{"metadata":{}}"#, "{}", r#"{"metadata":{"user_id":"{}"}}"#] {
        assert_eq!(session_id(&request(none)), None, "{none}");
    }
}

#[test]
fn headline_3_the_subagent_tag_is_found_behind_the_billing_block() {
    let body = r#"{"model":"m","system":[
        {"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.329;"},
        {"type":"text","text":"You are Claude Code."},
        {"type":"text","text":"<CCR-SUBAGENT-MODEL>p,agent</CCR-SUBAGENT-MODEL>Search."}]}"#;
    check(body, 10, "p,agent");
}

#[test]
fn headline_3_the_tag_is_found_in_the_prompt_that_the_parent_wrote() {
    let body = r#"{"model":"m","messages":[
        {"role":"user","content":[{"type":"text","text":"<system-reminder>x</system-reminder>"},{"type":"text","text":"<CCR-SUBAGENT-MODEL>p,agent</CCR-SUBAGENT-MODEL> go"}]},
        {"role":"system","content":"reminder"}]}"#;
    check(body, 10, "p,agent");
}

#[test]
fn section_3_2_the_tag_is_taken_out_of_what_is_sent() {
    let mut body = request(
        r#"{"system":"<CCR-SUBAGENT-MODEL>p,agent</CCR-SUBAGENT-MODEL>Search.","messages":[{"role":"user","content":"go"}]}"#,
    );
    take_tags(&mut body, |_| false);
    let target = target_with(model());
    let sent = String::from_utf8(translate::request(&body, &target, None).unwrap().body(&target)).unwrap();
    assert!(!sent.contains("CCR"), "{sent}");
}

#[test]
fn section_3_2_a_name_in_another_case_is_the_configured_one() {
    check(r#"{"model":"P,Agent"}"#, 10, "p,agent");
}

#[test]
fn section_3_2_a_long_explicit_request_keeps_its_model_when_it_fits() {
    check(r#"{"model":"p,agent"}"#, 70_000, "p,agent");
}

#[test]
fn section_3_2_a_haiku_that_thinks_stays_small_and_a_long_one_does_not() {
    let haiku = r#"{"model":"claude-haiku-4-5","thinking":{"type":"enabled","budget_tokens":31999}}"#;
    check(haiku, 10, "p,small");
    check(haiku, 70_000, "p,long");
}

#[test]
fn section_3_2_text_of_special_tokens_is_counted_and_not_an_error() {
    let body = request(r#"{"messages":[{"role":"user","content":"<|endoftext|> <s>[INST] </s>"}]}"#);
    let target = target_with(model());
    let tokens = Counter::default().count(&translate::request(&body, &target, None).unwrap().request, &target);
    assert!(matches!(tokens, TokenCount::Exact(20..=60)), "{tokens:?}");
}

#[test]
fn section_3_6_images_and_thinking_are_counted() {
    let count = |body: &str| {
        let (body, target) = (request(body), target_with(model()));
        Counter::default().count(&translate::request(&body, &target, None).unwrap().request, &target).number()
    };
    let plain = r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}"#;
    let thought = r#"[{"type":"thinking","thinking":"Let me think about this for a while.","signature":""},{"type":"text","text":"b"}]"#;
    assert!(count(&plain.replace(r#""b""#, thought)) > count(plain) + 8);
    let image = r#"[{"type":"text","text":"c"},{"type":"image","source":{"type":"base64","media_type":"image/x","data":"AAAA"}}]"#;
    assert_eq!(count(&plain.replace(r#""c""#, image)), count(plain) + 56 * 55);
}

#[test]
fn section_3_6_the_count_does_not_depend_on_the_name_asked_for() {
    let target = target_with(model());
    let counts = ["claude-sonnet-5", "p,main"].map(|name| {
        let body = format!(r#"{{"model":"{name}","messages":[{{"role":"user","content":"one two three"}}]}}"#);
        let body = request(&body);
        Counter::default().count(&translate::request(&body, &target, None).unwrap().request, &target)
    });
    assert_eq!(counts[0], counts[1]);
}

#[test]
fn headline_6_an_image_in_history_does_not_send_every_later_turn_elsewhere() {
    let body = request(
        r#"{"messages":[{"role":"user","content":[{"type":"image"}]},{"role":"assistant","content":"a cat"},{"role":"user","content":"and now?"}]}"#,
    );
    assert!(!Facts::new(&body, None, TokenCount::Estimate(0)).shows_image);
}
