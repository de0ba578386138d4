//! The commands that look, change and remove.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{asking, folder, install_asking, installed};
use crate::common::Sandbox;

fn data(picture: &str) -> Value {
    let data = picture.strip_prefix("exit code: 0\n----- stdout -----\n").unwrap_or_else(|| panic!("{picture}"));
    serde_json::from_str(data.split("----- stderr -----").next().unwrap()).unwrap_or_else(|_| panic!("{picture}"))
}

#[test]
fn installed_presets_are_listed_a_line_each_and_broken_ones_are_named() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.mcr(["preset", "list"]), @r"
    exit code: 0
    ----- stderr -----
    no preset is installed; `mcr preset list --built-in` shows those that mcr carries
    ");
    install_asking(&sandbox);
    sandbox.write("home/presets/zz/manifest.json", "{");
    sandbox.write("home/presets/.old-1/manifest.json", "{}");
    assert_snapshot!(sandbox.mcr(["preset", "list"]), @r"
    exit code: 0
    ----- stdout -----
    asking  1.0.0    Asks for much
    zz      broken   ~/home/presets/zz/manifest.json:1:1: what begins here does not end
    ");
    let list = data(&sandbox.mcr(["preset", "list", "--json"]));
    assert_eq!((list[0]["name"].clone(), list[1]["name"].clone()), (json!("asking"), json!("zz")));
}

#[test]
fn info_tells_what_a_preset_asks_and_does() {
    let sandbox = Sandbox::new();
    install_asking(&sandbox);
    assert_snapshot!(sandbox.mcr(["preset", "info", "asking"]), @r#"
    exit code: 0
    ----- stdout -----
    asking
      version      1.0.0
      about        Asks for much
      folder       ~/home/presets/asking
      source       ~/asking
      asks         Key (apiKey, password): env:KEY
      asks         model (model, select): "small"
      asks         port (port, number): 9
      speaks to    localhost (this machine or network) as `p`
      wants        Key (apiKey), to be sent to localhost only
    "#);
    let info = data(&sandbox.mcr(["preset", "info", "asking", "--json"]));
    assert_eq!(info["secrets"], json!({"apiKey": "env:KEY"}));
    assert_eq!(
        info["does"]["hosts"],
        json!([{
            "provider": "p", "host": "localhost", "local": true, "operator": null, "country": null, "region": null,
        }])
    );
    let built_in = sandbox.mcr(["preset", "info", "mistral-cloud"]);
    assert!(built_in.contains("installed    no; it is built in"), "{built_in}");
}

#[test]
fn show_tells_every_value_and_where_it_stands() {
    let mut sandbox = Sandbox::new();
    sandbox.set("KEY", "sk-of-the-environment");
    install_asking(&sandbox);
    let picture = sandbox.mcr(["preset", "show", "asking"]);
    assert!(picture.contains("\"http://localhost:9/v1/chat/completions\""), "{picture}");
    assert!(picture.contains("$KEY") && !picture.contains("sk-of-the-environment"), "{picture}");
    let settings = data(&sandbox.mcr(["preset", "show", "asking", "--json"]))["settings"].clone();
    assert!(settings.as_array().unwrap().iter().any(|setting| setting["path"] == "Router.default"));
}

#[test]
fn reconfigure_keeps_what_is_not_said_again() {
    let sandbox = Sandbox::new();
    install_asking(&sandbox);
    let picture = sandbox.mcr(["preset", "reconfigure", "asking", "--set", "model=large"]);
    assert!(picture.ends_with("configured preset asking\n"), "{picture}");
    let values: Value =
        serde_json::from_str(&fs::read_to_string(installed(&sandbox, "asking").join("values.json")).unwrap()).unwrap();
    assert_eq!(values["answers"], json!({"model": "large", "port": 9}));
    assert_eq!(values["secrets"]["apiKey"]["from"], "env:KEY");
}

#[test]
fn deleting_what_is_not_there_fails_where_ccr_says_deleted() {
    let sandbox = Sandbox::new();
    install_asking(&sandbox);
    assert_snapshot!(sandbox.mcr(["preset", "delete", "askin", "--yes"]), @r"
    exit code: 66
    ----- stderr -----
    error: there is no preset `askin`
    hint: did you mean `asking`?
    ");
    assert_snapshot!(sandbox.mcr(["preset", "rm", "asking"]), @r"
    exit code: 64
    ----- stderr -----
    error: nobody is there to agree to the end of preset `asking`
    hint: run `mcr preset delete asking --yes`
    ");
    assert_snapshot!(sandbox.mcr(["preset", "rm", "asking", "--yes"]), @r"
    exit code: 0
    ----- stderr -----
    deleted preset asking
    ");
    assert!(!installed(&sandbox, "asking").exists());
}

#[test]
fn validate_finds_what_install_would_and_writes_nothing() {
    let sandbox = Sandbox::new();
    folder(&sandbox, "asking", &asking());
    assert_snapshot!(sandbox.mcr(["preset", "validate", "asking"]), @r"
    exit code: 0
    ----- stderr -----
      speaks to    localhost (this machine or network) as `p`
      wants        Key (apiKey), to be sent to localhost only
    not checked with an answer to `apiKey`: an answer is needed; pass `--set apiKey=…`
    not checked with an answer to `port`: an answer is needed; pass `--set port=…`
    no errors in the preset
    ");
    let mut wrong = asking();
    wrong["Router"]["default"] = json!("p,other");
    folder(&sandbox, "wrong", &wrong);
    let report = sandbox.mcr(["preset", "validate", "wrong", "--json", "--set", "apiKey=x", "--set", "port=1"]);
    assert!(report.starts_with("exit code: 65\n") && report.contains("has no model `other`"), "{report}");
    assert!(!sandbox.home().join("presets").exists());
}
