use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::{StatusLine, Template};
use crate::status_line::Told;
use crate::wire::session::{Answered, Session, Total};

const PLAIN: Look = Look { color: false, icons: false, width: None };
const FULL: Look = Look { color: true, icons: true, width: None };

fn module(icon: &str, text: &str, color: Option<Color>, background: Option<Color>) -> Module {
    Module { icon: icon.to_owned(), text: Template::read(text).0, color, background, command: None }
}

fn style(separator: &str, modules: Vec<Module>) -> Style {
    Style { separator: Separator::Text(separator.to_owned()), modules }
}

fn values() -> Values {
    let status = json!({"model": {"id": "medium"}, "workspace": {"current_dir": "/a/mcr"}});
    Values::new(&Told { status: &status, session: None, branch: None })
}

fn usual(session: Option<&Session>, look: Look) -> String {
    let status = json!({"model": {"display_name": "medium (mistral)"}, "workspace": {"current_dir": "/a/mcr"}});
    let values = Values::new(&Told { status: &status, session, branch: Some("main") });
    render(&StatusLine::default().style, &values, &[], look)
}

fn session() -> Session {
    let last = Answered {
        provider: "mistral".to_owned(),
        model: "medium".to_owned(),
        region: Some("EU".to_owned()),
        window: 262_144,
        input: 42_000,
        output: 1_000,
        tokens_per_second: Some(52.0),
        ..Answered::default()
    };
    Session { answers: 1, last, total: Total { cost_usd: Some(0.12), ..Total::default() }, ..Session::default() }
}

#[test]
fn the_usual_line_says_model_place_tokens_cost_speed_branch_and_folder() {
    assert_eq!(usual(Some(&session()), PLAIN), "medium · mistral/EU · 43.0k/262k · $0.12 · 52 tok/s · main · mcr");
    let mut session = session();
    session.last.fallback = true;
    assert!(usual(Some(&session), PLAIN).starts_with("medium · mistral/EU · fallback · 43.0k"));
}

#[test]
fn ccr_shows_nothing_on_a_fresh_session_and_mcr_shows_model_and_folder() {
    assert_eq!(usual(None, PLAIN), "medium (mistral) · main · mcr");
}

#[test]
fn ccr_ignores_named_colours_and_mcr_draws_them() {
    let one = |color| style(" ", vec![module("", "x", Some(color), None)]);
    let draw = |color| render(&one(color), &values(), &[], FULL);
    assert_eq!(draw(Color::Named(1)), "\u{1b}[31mx\u{1b}[0m");
    assert_eq!(draw(Color::Named(14)), "\u{1b}[96mx\u{1b}[0m");
    assert_eq!(draw(Color::Rgb(255, 128, 0)), "\u{1b}[38;2;255;128;0mx\u{1b}[0m");
    let on = style(" ", vec![module("", "x", Some(Color::Named(0)), Some(Color::Named(12)))]);
    assert_eq!(render(&on, &values(), &[], FULL), "\u{1b}[30;104mx\u{1b}[0m");
    assert_eq!(render(&on, &values(), &[], PLAIN), "x");
}

#[test]
fn a_module_is_left_out_while_all_it_speaks_of_is_empty() {
    let modules = vec![
        module("I", "{{model}}", None, None),
        module("I", "{{cost}} so far", None, None),
        module("", "{{workDirName}} {{cost}}", None, None),
        module("", "words", None, None),
        module("I", "", None, None),
    ];
    assert_eq!(render(&style("|", modules), &values(), &[], PLAIN), "I medium|mcr |words");
}

#[test]
fn signs_of_special_fonts_are_left_out_where_they_are_not_wanted() {
    let modules = || vec![module("\u{f024b}", "a", None, None), module("↑", "b", None, None)];
    assert_eq!(render(&style(" ", modules()), &values(), &[], PLAIN), "a ↑ b");
    assert_eq!(render(&style(" ", modules()), &values(), &[], FULL), "\u{f024b} a ↑ b");
}

#[test]
fn what_a_command_printed_stands_in_its_own_module_only() {
    let modules = vec![module("", "{{output}}", None, None), module("", "{{output}}!", None, None)];
    let outputs = [Some("a\u{1b}[2J".to_owned()), None];
    assert_eq!(render(&style("|", modules), &values(), &outputs, PLAIN), "a[2J");
}

#[test]
fn powerline_leads_from_one_background_into_the_next() {
    let modules = vec![
        module("", "a", Some(Color::Named(7)), Some(Color::Named(12))),
        module("", "b", None, Some(Color::Rgb(1, 2, 3))),
    ];
    let style = Style { separator: Separator::Powerline, modules };
    let drawn = render(&style, &values(), &[], FULL);
    assert_eq!(
        drawn,
        "\u{1b}[37;104m a \u{1b}[0m\u{1b}[94;48;2;1;2;3m\u{e0b0}\u{1b}[0m\
         \u{1b}[48;2;1;2;3m b \u{1b}[0m\u{1b}[38;2;1;2;3m\u{e0b0}\u{1b}[0m"
    );
    assert_eq!(render(&style, &values(), &[], PLAIN), "a | b");
}

#[test]
fn what_does_not_fit_is_left_out_from_the_right() {
    let width = |width| usual(Some(&session()), Look { width: Some(width), ..PLAIN });
    assert_eq!(width(80), usual(Some(&session()), PLAIN));
    assert_eq!(width(40), "medium · mistral/EU · 43.0k/262k · $0.12");
    assert_eq!(width(39), "medium · mistral/EU · 43.0k/262k");
    assert_eq!(width(4), "med…");
    assert_eq!(width(0), "");
}

/// Takes out the sequences that `paint` writes; anything else of that kind stays and is found.
fn without_colours(line: &str) -> String {
    let mut rest = line;
    let mut text = String::new();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        text.push_str(before);
        let end = after.find(|character: char| !(character.is_ascii_digit() || character == ';'));
        let end = end.filter(|end| after[*end..].starts_with('m'));
        let Some(end) = end else { return format!("{text}\u{1b}{after}") };
        rest = &after[end + 1..];
    }
    text + rest
}

fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x1f\\x7f-\\x9fa-z\u{202e}\u{2028}{}]{0,20}",
        Just("\u{1b}[31m{{model}}\u{1b}]0;title\u{7}".to_owned()),
        "\\PC{0,80}",
    ]
}

fn any_color() -> impl Strategy<Value = Option<Color>> {
    proptest::option::of(prop_oneof![
        (0..16u8).prop_map(Color::Named),
        any::<(u8, u8, u8)>().prop_map(|(red, green, blue)| Color::Rgb(red, green, blue)),
    ])
}

fn any_module() -> impl Strategy<Value = Module> {
    let text = prop_oneof![
        anything(),
        proptest::sample::select(Variable::NAMES.to_vec()).prop_map(|(name, _)| format!("a {{{{{name}}}}} b")),
    ];
    (anything(), text, any_color(), any_color())
        .prop_map(|(icon, text, color, background)| module(&icon, &text, color, background))
}

fn any_style() -> impl Strategy<Value = Style> {
    let separator = prop_oneof![Just(Separator::Powerline), anything().prop_map(Separator::Text)];
    (separator, vec(any_module(), 0..6)).prop_map(|(separator, modules)| Style { separator, modules })
}

fn any_status() -> impl Strategy<Value = Value> {
    (anything(), anything(), anything(), any::<u64>(), any::<u64>()).prop_map(|(model, folder, version, size, used)| {
        json!({
            "model": {"display_name": model}, "workspace": {"current_dir": folder}, "version": version,
            "session_id": folder, "cost": {"total_duration_ms": size, "total_lines_added": used, "total_lines_removed": size},
            "context_window": {"context_window_size": size, "total_input_tokens": used,
                "current_usage": {"input_tokens": used, "output_tokens": size, "cache_read_input_tokens": used}},
        })
    })
}

fn any_session() -> impl Strategy<Value = Option<Session>> {
    let texts = (anything(), anything(), anything(), proptest::option::of(anything()), anything());
    let numbers = (any::<(u64, u64, u64)>(), proptest::option::of(any::<f64>()), proptest::option::of(any::<u64>()));
    proptest::option::of((texts, numbers).prop_map(|(texts, ((input, output, window), float, ttft_ms))| {
        let (provider, model, host, region, route) = texts;
        let last = Answered {
            provider,
            model,
            host,
            region,
            window,
            input,
            cached: output,
            output,
            cost_usd: float,
            cost_eur: float,
            ttft_ms,
            tokens_per_second: float,
            route,
            fallback: input > output,
        };
        let total = Total { input, cached: output, output, cost_usd: float, cost_eur: float, unpriced: window };
        Session { answers: 1, last, total, ..Session::default() }
    }))
}

proptest! {
    #[test]
    fn no_data_brings_a_control_character_and_no_line_is_wider_than_it_may_be(
        style in any_style(),
        status in any_status(),
        session in any_session(),
        branch in proptest::option::of(anything()),
        outputs in vec(proptest::option::of(anything()), 0..6),
        look in (any::<bool>(), any::<bool>(), proptest::option::of(0..120usize)),
    ) {
        let (color, icons, width) = look;
        let values = Values::new(&Told { status: &status, session: session.as_ref(), branch: branch.as_deref() });
        let line = render(&style, &values, &outputs, Look { color, icons, width });
        let text = without_colours(&line);
        prop_assert!(!text.chars().any(char::is_control), "{text:?}");
        prop_assert!(!text.contains(['\u{202e}', '\u{2028}', '\u{2066}']), "{text:?}");
        if !color {
            prop_assert_eq!(&text, &line);
        }
        // Three columns are the least of an arrow with nothing in it.
        if let Some(width) = width {
            prop_assert!(columns(&text) <= width.max(3), "{} > {width}: {text:?}", columns(&text));
        }
    }
}
