//! The table of threats, by the rows' numbers: what is tried, and the tests that hold what must come of it.
//!
//! The rows for the launcher, presets, files, the audit record and where traffic goes stand here; those for shells,
//! framing, clocks and upstreams have their tests beside what they are about.

use std::fs;
use std::path::Path;

use crate::ccr::has_test;

/// A row.
struct Row {
    number: u32,
    /// What is tried.
    what: &'static str,
    /// The tests, below the files that they are in; seen from the repository's root.
    tests: &'static [(&'static str, &'static [&'static str])],
}

/// The rows that have to be there.
const NUMBERS: [u32; 20] = [9, 10, 11, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 43, 44, 45, 46, 50, 51, 52];

const ROWS: &[Row] = &[
    Row {
        number: 9,
        what: "an endpoint that returns the configuration or a file",
        tests: &[(
            "tests/it/door.rs",
            &[
                "row_9_these_are_all_the_routes_there_are",
                "row_9_no_route_that_is_there_returns_the_configuration_or_a_key",
                "no_route_returns_the_configuration_or_touches_a_file",
            ],
        )],
    },
    Row {
        number: 10,
        what: "secrets and prompts in written files and in what is seen of processes",
        tests: &[(
            "tests/it/privacy.rs",
            &[
                "nothing_that_anybody_wrote_is_in_any_file_and_every_file_is_its_owners",
                "row_10_the_service_shows_neither_a_key_nor_a_prompt_to_who_looks_at_its_process",
                "row_10_the_agent_shows_no_key_and_nobody_shows_its_token_in_arguments",
            ],
        )],
    },
    Row {
        number: 11,
        what: "modes under umask 000",
        tests: &[("tests/it/privacy.rs", &["nothing_that_anybody_wrote_is_in_any_file_and_every_file_is_its_owners"])],
    },
    Row {
        number: 12,
        what: "any bytes as arguments of the agent",
        tests: &[
            (
                "src/launch/arguments_tests.rs",
                &[
                    "the_agents_arguments_are_the_users_less_their_settings_plus_ours",
                    "the_agent_sees_our_settings_and_no_others",
                ],
            ),
            ("tests/it/code.rs", &["row_12_random_bytes_behind_the_command_reach_the_agent_as_they_are"]),
            (
                "tests/it/launch.rs",
                &[
                    "row_12_two_thousand_random_vectors_reach_the_agent_as_they_are",
                    "bytes_that_are_no_text_arrive_unchanged",
                    "a_dollar_and_quotes_are_not_a_shells",
                    "a_command_in_a_prompt_is_not_executed",
                ],
            ),
        ],
    },
    Row {
        number: 15,
        what: "a link or another's folder where mcr keeps its record, its log, its lock or its token",
        tests: &[
            ("tests/it/audit/unwritable.rs", &["row_15_no_link_and_nobody_elses_folder_is_written_to"]),
            (
                "tests/it/planted.rs",
                &[
                    "row_15_a_link_in_the_locks_place_is_a_finding_of_the_doctors_beside_the_others",
                    "row_15_no_link_is_followed_wherever_something_is_written",
                    "row_15_no_folder_of_somebody_elses_is_written_to",
                ],
            ),
        ],
    },
    Row {
        number: 16,
        what: "what a killed service left, with a process id that is another's by now",
        tests: &[
            ("src/launch/service.rs", &["a_record_without_a_lock_is_what_a_crash_left"]),
            (
                "tests/it/service/lifecycle.rs",
                &[
                    "row_16_a_process_that_has_a_killed_services_number_by_now_is_left_alone",
                    "a_service_that_was_killed_is_not_taken_for_one_that_runs",
                ],
            ),
        ],
    },
    Row {
        number: 17,
        what: "a request names an address, in a field or as its model",
        tests: &[
            ("tests/it/egress/threats.rs", &["whatever_a_request_names_nothing_connects_there"]),
            ("tests/it/door.rs", &["a_client_cannot_choose_where_a_request_goes"]),
        ],
    },
    Row {
        number: 18,
        what: "a preset leads a key to a host that nobody knows",
        tests: &[
            ("tests/it/egress/start.rs", &["a_preset_that_leads_to_a_denied_host_is_not_installed_and_not_run"]),
            ("tests/it/preset/hostile.rs", &["a_preset_that_points_mistrals_key_at_another_host_is_refused"]),
            ("tests/it/preset/run.rs", &["a_key_is_not_sent_to_a_host_that_was_put_in_later"]),
            ("src/preset/tests/capabilities.rs", &["a_preset_that_points_mistrals_key_elsewhere_is_refused"]),
        ],
    },
    Row {
        number: 19,
        what: "a repository's settings lead the agent elsewhere",
        tests: &[
            ("tests/e2e/scenarios/traffic.py", &["a_repository_sends_neither_requests_nor_other_traffic_elsewhere"]),
            ("tests/it/launch.rs", &["the_users_settings_are_merged_and_cannot_unroute"]),
            (
                "src/launch/settings.rs",
                &["the_users_settings_cannot_unroute", "what_a_settings_file_could_bring_back_is_blanked"],
            ),
        ],
    },
    Row {
        number: 20,
        what: "a preset with hooks, helpers or variables that open doors",
        tests: &[
            (
                "tests/it/preset/hostile.rs",
                &[
                    "hooks_helpers_and_variables_that_open_doors_are_listed_with_their_reasons",
                    "a_preset_that_is_copied_by_hand_is_judged_all_the_same",
                ],
            ),
            ("src/preset/tests/capabilities.rs", &["hooks_and_the_like_are_refused_each_with_its_reason"]),
        ],
    },
    Row {
        number: 21,
        what: "an archive that leaves its folder, links, unpacks without end, or holds names of devices",
        tests: &[
            ("tests/it/preset/hostile.rs", &["row_21_a_million_entries_are_refused_at_once_and_nothing_is_written"]),
            (
                "src/preset/tests/archives.rs",
                &[
                    "paths_that_leave_the_folder_are_refused_by_their_components",
                    "links_and_devices_are_refused",
                    "two_paths_that_are_one_elsewhere_are_refused",
                    "bombs_are_refused_before_they_go_off",
                    "too_much_is_refused",
                    "a_zip_that_two_readers_could_read_differently_is_refused",
                    "every_cut_of_an_archive_is_refused_and_none_panics",
                ],
            ),
            (
                "tests/it/ccr/preset.rs",
                &["an_archive_that_leaves_its_folder_writes_nothing_where_ccr_compares_the_first_letters"],
            ),
        ],
    },
    Row {
        number: 22,
        what: "an address of a metadata service or of this machine in any spelling; a name that leads inside later",
        tests: &[
            ("tests/it/egress/threats.rs", &["no_spelling_of_an_inner_address_passes_for_one_of_the_internet"]),
            ("tests/it/egress/names.rs", &["names_that_lead_elsewhere_are_not_followed"]),
        ],
    },
    Row {
        number: 23,
        what: "an upstream sends the request on to another host",
        tests: &[
            ("tests/it/egress/threats.rs", &["a_redirect_is_an_error_and_nobody_else_gets_the_key"]),
            ("tests/it/edge/outward.rs", &["a_redirect_is_returned_and_not_followed"]),
        ],
    },
    Row {
        number: 43,
        what: "no room for the record, or no folder",
        tests: &[
            (
                "tests/it/audit/unwritable.rs",
                &["row_43_what_cannot_be_recorded_is_not_changed_where_the_record_is_required"],
            ),
            (
                "tests/it/audit/unwritable.rs",
                &[
                    "row_43_without_room_requests_go_on_and_the_record_stays_whole",
                    "row_43_without_room_nothing_is_sent_where_the_record_is_required",
                    "row_43_a_start_without_a_folder_fails_where_the_record_is_required_and_goes_on_where_not",
                ],
            ),
        ],
    },
    Row {
        number: 44,
        what: "SIGKILL while the record is written",
        tests: &[
            (
                "tests/it/audit/killed.rs",
                &["row_44_writers_that_are_killed_among_their_checkpoints_leave_a_record_that_holds"],
            ),
            ("tests/it/audit/killed.rs", &["row_44_two_hundred_writers_that_are_killed_leave_a_record_that_holds"]),
        ],
    },
    Row {
        number: 45,
        what: "the record edited, inserted into, removed from, reordered, truncated, its clock moved",
        tests: &[
            (
                "src/audit/mutation_tests.rs",
                &[
                    "row_45_every_edit_of_every_field_of_every_record_is_found_there",
                    "row_45_an_edit_with_its_own_hash_is_found_there",
                    "row_45_an_edit_with_all_hashes_to_the_end_is_found_by_the_next_checkpoint",
                    "row_45_every_removal_is_found_there",
                    "row_45_every_insertion_is_found_there",
                    "row_45_every_swap_is_found_at_the_first_of_the_two",
                    "row_45_every_truncation_is_found_behind_what_is_left",
                    "row_45_a_record_in_another_months_file_is_found",
                    "row_45_a_time_that_was_put_back_or_forth_is_found",
                    "row_45_whatever_is_done_to_the_checkpoints_is_found",
                ],
            ),
            (
                "tests/it/audit/damaged.rs",
                &[
                    "row_45_what_was_done_by_hand_is_named_with_its_place",
                    "row_45_a_months_folder_by_another_months_name_is_named_and_not_purged",
                ],
            ),
        ],
    },
    Row {
        number: 46,
        what: "purge by retention",
        tests: &[
            (
                "src/audit/tombstone_tests.rs",
                &["row_46_what_is_taken_away_as_of_an_older_month_is_found_by_what_was_signed_of_it"],
            ),
            ("tests/it/audit/damaged.rs", &["row_46_what_was_purged_leaves_a_chain_that_holds"]),
            (
                "src/audit/tombstone_tests.rs",
                &[
                    "row_46_whichever_month_is_purged_the_rest_holds_and_nothing_else_may_be_gone",
                    "row_46_behind_a_month_that_was_purged_an_edit_shows_as_elsewhere",
                    "row_46_a_tombstone_that_no_purge_makes_is_found",
                    "row_46_a_tombstone_contradicts_no_checkpoint_and_no_other_tombstone",
                ],
            ),
        ],
    },
    Row {
        number: 50,
        what: "a certificate of nobody known, of somebody else, of the past; a company's own authority",
        tests: &[(
            "tests/it/edge/tls.rs",
            &[
                "row_50_what_a_companys_own_authority_signs_is_accepted_once_that_is_named",
                "row_50_the_same_authority_does_not_make_up_for_another_name_or_the_past",
                "row_50_a_certificate_that_does_not_hold_is_told_with_what_mends_it_and_nothing_is_sent",
                "a_self_signed_certificate_is_refused",
                "a_certificate_of_another_name_or_of_the_past_is_refused_with_what_mends_it",
                "a_certificate_that_the_platform_trusts_is_accepted_over_http2",
            ],
        )],
    },
    Row {
        number: 51,
        what: "traffic to anybody who was not named, as the kernel sees it",
        tests: &[
            (
                "tests/e2e/scenarios/traffic.py",
                &[
                    "mcr_and_its_agent_connect_to_loopback_alone",
                    "mcr_and_its_agent_at_a_terminal_connect_to_loopback_alone",
                ],
            ),
            ("tests/it/threats.rs", &["row_51_every_scenario_runs_where_loopback_is_all_the_network_too"]),
        ],
    },
    Row {
        number: 52,
        what: "the agent where mcr is all there is, and whom it asks for",
        tests: &[
            (
                "tests/e2e/scenarios/traffic.py",
                &[
                    "a_sealed_run_works_and_asks_for_nobody",
                    "a_sealed_conversation_at_a_terminal_asks_for_nobody",
                    "without_its_switches_the_agent_asks_for_its_vendor_in_vain",
                    "without_its_switches_the_agent_at_a_terminal_asks_for_its_vendor_in_vain",
                ],
            ),
            ("tests/e2e/scenarios/proof.py", &["the_offline_proof_holds_with_the_real_agent"]),
            ("tests/it/sealed.rs", &["inside_mcr_is_all_there_is", "when_mcr_is_gone_there_is_no_network_left"]),
        ],
    },
];

#[test]
fn every_row_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for Row { number, what, tests } in ROWS {
        assert!(!tests.is_empty(), "row {number} has no test: {what}");
        for (file, tests) in *tests {
            let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let is_there = if file.starts_with("tests/e2e/") { has_claim } else { has_test };
            for test in *tests {
                assert!(is_there(&source, test), "{file} has no test `{test}` for row {number}: {what}");
            }
        }
    }
    let numbers: Vec<u32> = ROWS.iter().map(|row| row.number).collect();
    assert_eq!(numbers, NUMBERS);
}

#[test]
fn every_test_that_bears_a_rows_number_is_in_that_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut waiting, mut found) = (vec![root.join("src"), root.join("tests/it")], 0);
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()));
            continue;
        }
        let source = fs::read(&path).expect("readable");
        for line in String::from_utf8_lossy(&source).lines() {
            let line = line.trim().trim_start_matches("async ");
            let Some(rest) = line.strip_prefix("fn row_") else { continue };
            let Some(number) = rest.split('_').next().filter(|number| number.parse::<u32>().is_ok()) else { continue };
            let name = line.trim_start_matches("fn ").split('(').next().expect("a name");
            let row = ROWS.iter().find(|row| row.number.to_string() == number);
            let names = row.into_iter().flat_map(|row| row.tests).flat_map(|(_, tests)| *tests);
            assert!(names.into_iter().any(|test| *test == name), "{}: `{name}` is in no row", path.display());
            found += 1;
        }
    }
    assert!(found >= 30, "only {found}");
}

#[test]
fn row_51_every_scenario_runs_where_loopback_is_all_the_network_too() {
    let steps = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run")).expect("the steps");
    let runs: Vec<&str> = steps.lines().filter(|line| line.contains("python3 tests/e2e/run.py")).collect();
    let of_all = |options: &str| format!("MCR_BIN=target/release/mcr python3 tests/e2e/run.py{options}");
    assert_eq!(runs, [of_all(""), of_all(" --sealed --alone")]);
}

/// Tells whether a module of end-to-end scenarios has this one, among those that are run.
fn has_claim(source: &str, name: &str) -> bool {
    let head = format!("def {name}(");
    let claimed = source.split_once("\nCLAIMS = [").map_or("", |(_, claims)| claims);
    source.lines().any(|line| line.starts_with(&head)) && claimed.lines().any(|line| line.trim() == format!("{name},"))
}

#[test]
fn a_scenario_that_nobody_claims_is_no_test() {
    let source = "def one(sandbox):\n    pass\n\ndef two(sandbox):\n    pass\n\nCLAIMS = [\n    one,\n    three,\n]\n";
    assert_eq!(["one", "two", "three"].map(|name| has_claim(source, name)), [true, false, false]);
}
