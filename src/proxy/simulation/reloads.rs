//! Edits of the configuration while clients ask.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::upstream::Act;
use super::{MANY, World, configuration};
use crate::config;
use crate::proxy::{Reload, watch};

#[tokio::test(start_paused = true)]
async fn a_thousand_edits_under_load_fail_no_request_and_wrong_ones_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    let world = World::pair(|_| Act::say("one"), |_| Act::say("two"));
    let text = |target: &str, number: usize| {
        let mut text = configuration(&["one", "two"], &serde_json::json!({"default": target}), MANY);
        // Of another length each time: edits may be closer together than a file system's clock tells apart.
        text.extend(std::iter::repeat_n(' ', number));
        text
    };
    fs::write(&file, text("one,m", 0)).unwrap();
    let egress = world.proxy.current().load().egress.clone();
    let reload = Reload {
        file: file.clone(),
        beside: Vec::new(),
        read: Box::new(|path: &Path| config::read_again(path, &|_| None)),
        open: Box::new(move |_| Ok(egress.clone())),
        allowances: Box::new(|| Ok(Vec::new())),
        start_only: &[],
    };
    let watched = tokio::spawn(watch(world.proxy.current(), reload));
    let mut expected = "one";
    for number in 1..=1_000 {
        let edit = match number % 3 {
            0 => format!("{{ broken {}", " ".repeat(number)),
            of_two => {
                expected = if of_two == 1 { "two" } else { "one" };
                text(&format!("{expected},m"), number)
            }
        };
        fs::write(&file, edit).unwrap();
        let asked: Vec<_> = (0..5).map(|_| tokio::spawn(super::client::ask(Arc::clone(&world.proxy), true))).collect();
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(world.proxy.current().invalid().is_some(), number % 3 == 0, "edit {number}");
        for one in asked {
            let heard = one.await.unwrap();
            assert!(heard.status == 200 && heard.error.is_none(), "edit {number}: {:?}", heard.error);
        }
        assert_eq!(world.ask().await.text, expected, "after edit {number}");
    }
    watched.abort();
}
