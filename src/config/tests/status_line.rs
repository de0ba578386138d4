//! `StatusLine` as claude-code-router writes it, and what is ours in it.

use super::{accept, environment, try_read, with};
use crate::config::{
    Color, Module, Piece, Separator, StatusLine, Style, Template, Variable, read_status_line,
    status_line::{BUILT_IN, built_in},
};

/// The errors of a status line, without the file's name and the line.
#[track_caller]
fn refuse(status_line: &str, errors: &[&str]) {
    let problems = try_read(&with(&format!("StatusLine: {status_line}"))).map(drop).expect_err("it is refused");
    let found: Vec<String> = problems.errors().map(ToString::to_string).collect();
    let expected: Vec<String> = errors.iter().map(|error| format!("c.json:2:{error}")).collect();
    assert_eq!(found, expected);
}

/// The one module of a style.
#[track_caller]
fn module(written: &str) -> Module {
    let config = accept(&with(&format!("StatusLine: {{default: {{modules: [{written}]}}}}")));
    assert_eq!(config.warnings, []);
    config.status_line.style.modules.into_iter().next().expect("a module")
}

fn words(text: &str) -> Template {
    Template(vec![Piece::Words(text.to_owned())])
}

fn value(variable: Variable) -> Template {
    Template(vec![Piece::Value(variable)])
}

#[test]
fn without_a_word_the_status_line_is_off_and_looks_as_usual() {
    assert_eq!(accept(&with("")).status_line, StatusLine::default());
    let on = accept(&with("StatusLine: {enabled: true}")).status_line;
    assert_eq!(on, StatusLine { enabled: true, ..StatusLine::default() });
    assert_eq!(Some(on.style), built_in("default"));
}

#[test]
fn every_built_in_style_can_be_named_without_being_written() {
    for name in BUILT_IN {
        let line = accept(&with(&format!("StatusLine: {{enabled: true, currentStyle: '{name}'}}"))).status_line;
        assert_eq!((line.name.as_str(), Some(line.style)), (name, built_in(name)));
    }
}

#[test]
fn ccr_styles_are_read_with_icons_texts_and_colours() {
    let config = accept(&with(
        "StatusLine: {enabled: true, currentStyle: 'powerline', powerline: {modules: [
            {type: 'workDir', icon: '󰉋', text: '{{workDirName}}', color: 'white', background: 'bg_bright_blue'},
            {type: 'usage', icon: '↑', text: '{{inputTokens}} in', color: '#ff8000'},
        ]}, mine: {separator: ' | ', modules: [{type: 'model'}]}}",
    ));
    let modules = vec![
        Module {
            icon: "󰉋".to_owned(),
            text: value(Variable::WorkDirName),
            color: Some(Color::Named(7)),
            background: Some(Color::Named(12)),
            command: None,
        },
        Module {
            icon: "↑".to_owned(),
            text: Template(vec![Piece::Value(Variable::InputTokens), Piece::Words(" in".to_owned())]),
            color: Some(Color::Rgb(255, 128, 0)),
            background: None,
            command: None,
        },
    ];
    assert_eq!(config.warnings, []);
    assert_eq!(config.status_line.style, Style { separator: Separator::Powerline, modules });
}

#[test]
fn a_style_of_ones_own_may_have_any_name_and_separator() {
    let line =
        accept(&with("StatusLine: {currentStyle: 'mine', mine: {separator: ' | ', modules: [{type: 'model'}]}}"));
    assert_eq!(line.status_line.style.separator, Separator::Text(" | ".to_owned()));
    let line = accept(&with("StatusLine: {currentStyle: 'mine', mine: {modules: [{type: 'model'}]}}"));
    assert_eq!(line.status_line.style.separator, Separator::Text(" ".to_owned()));
}

#[test]
fn a_module_without_a_text_says_what_its_type_promises() {
    assert_eq!(module("{type: 'model'}").text, value(Variable::Model));
    assert_eq!(module("{type: 'region'}").text, value(Variable::Region));
    assert_eq!(module("{type: 'text', text: 'hello'}").text, words("hello"));
}

#[test]
fn a_command_is_a_list_and_no_shell_takes_part() {
    let module = module("{type: 'command', command: ['date', '+%H:%M']}");
    assert_eq!(module.command, Some(vec!["date".to_owned(), "+%H:%M".to_owned()]));
    assert_eq!(module.text, value(Variable::Output));
    refuse(
        "{default: {modules: [{type: 'command', command: 'date | tr a b'}, {type: 'command'}, {type: 'command', command: []}]}}",
        &[
            "61: StatusLine.default.modules[0].command: no shell is asked, so a command is a list: `[\"program\", \"argument\"]`",
            "79: StatusLine.default.modules[1]: a command names its program: `\"command\": [\"program\", \"argument\"]`",
            "125: StatusLine.default.modules[2].command: a command begins with its program",
        ],
    );
}

#[test]
fn a_script_is_refused_with_what_to_write_in_its_place() {
    let what = "mcr runs no JavaScript; run a program in its place: \
                `{\"type\": \"command\", \"command\": [\"program\", \"argument\"]}`";
    refuse(
        "{default: {modules: [{type: 'script', scriptPath: '/x.js'}, {type: 'script'}]}}",
        &[
            &format!("63: StatusLine.default.modules[0].scriptPath: {what}"),
            &format!("80: StatusLine.default.modules[1].type: {what}"),
        ],
    );
}

#[test]
fn an_unknown_type_colour_or_style_is_refused_with_the_nearest() {
    let types = "workDir, gitBranch, model, usage, context, speed, cost, duration, lines, command, provider, region, \
                 place, window, route, fallback, budget, text";
    let colours = "black, red, green, yellow, blue, magenta, cyan, white, bright_black, bright_red, bright_green, \
                   bright_yellow, bright_blue, bright_magenta, bright_cyan, bright_white and `#rrggbb`";
    refuse(
        "{currentStyle: 'powreline', default: {modules: [{type: 'modle'}, {type: 'cost', color: 'bright_gren'}]}}",
        &[
            "28: StatusLine.currentStyle: there is no style `powreline`; there are default, full, powerline, simple, \
             did you mean `powerline`?",
            &format!(
                "68: StatusLine.default.modules[0].type: unknown type `modle`; known are {types}, did you mean `model`?"
            ),
            &format!(
                "100: StatusLine.default.modules[1].color: unknown colour `bright_gren`; known are {colours}, \
                 did you mean `bright_green`?"
            ),
        ],
    );
}

#[test]
fn a_style_and_a_module_have_what_they_are_made_of() {
    refuse(
        "{default: {}, mine: {modules: {}}, other: {modules: [1, {text: 'x'}]}}",
        &[
            "23: StatusLine.default: a style has `modules`, the list of what the line holds",
            "43: StatusLine.mine.modules: expected a list, found an object",
            "66: StatusLine.other.modules[0]: expected an object, found a number",
            "69: StatusLine.other.modules[1]: a module has a `type`, such as `model`, or `text` for words of one's own",
        ],
    );
}

#[test]
fn what_means_nothing_here_is_a_warning() {
    let config = accept(&with(
        "StatusLine: {enabeld: true, default: {modules: [{type: 'model', text: '{{modle}}', command: ['x']}]}}",
    ));
    let found: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "c.json:2:14: StatusLine.enabeld: unknown key, did you mean `enabled`?",
            "c.json:2:71: StatusLine.default.modules[0].text: `{{modle}}` is no variable and shows nothing, \
             did you mean `model`?",
            "c.json:2:84: StatusLine.default.modules[0].command: only a module of type `command` runs one",
        ]
    );
}

#[test]
fn the_status_line_is_read_where_the_keys_of_providers_are_not_set() {
    let text = "{Providers: [{name: 'p', api_key: '$NOT_SET'}], StatusLine: {currentStyle: 'simple'}}";
    let line = read_status_line(text, "c.json", &environment).expect("nothing is wrong with it");
    assert_eq!(line.map(|line| line.name).as_deref(), Some("simple"));
    assert_eq!(read_status_line("{}", "c.json", &environment), Ok(None));
    assert!(read_status_line("{StatusLine: 1}", "c.json", &environment).is_err());
    assert!(read_status_line("{StatusLine", "c.json", &environment).is_err());
}

#[test]
fn a_manifest_with_a_template_has_its_status_line_there() {
    let text = "{StatusLine: {currentStyle: 'full'}, template: {StatusLine: {currentStyle: 'simple'}}}";
    let line = read_status_line(text, "manifest.json", &environment).expect("nothing is wrong with it");
    assert_eq!(line.map(|line| line.name).as_deref(), Some("simple"));
}
