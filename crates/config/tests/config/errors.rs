//! Each kind of mistake is told with file, line, column, what was expected and came, and the mend.

use crate::common::{ORGANISATION, Sandbox, warnings};

/// One mistake in the organisation's file and the one line that tells of it.
#[track_caller]
pub(crate) fn organisation(old: &str, new: &str, expected: &str) {
    let sandbox = Sandbox::new();
    sandbox.change(old, new);
    assert_eq!(
        sandbox.errors(),
        [format!("config/organisations/acme/acme.toml:{expected}")]
    );
}

/// One mistake at the end of the server's file.
#[track_caller]
fn server(added: &str, expected: &str) {
    let sandbox = Sandbox::new();
    sandbox.change_in("config/kolapp.toml", "[sip]", &format!("{added}\n[sip]"));
    assert_eq!(sandbox.errors(), [format!("config/kolapp.toml:{expected}")]);
}

#[test]
fn the_sandbox_itself_loads_without_error_or_warning() {
    let loaded = Sandbox::new().loaded();
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
    assert_eq!(
        loaded.summary.to_string(),
        "1 organisation, 2 users, 1 queue, 1 number, 1 trunk, 275 prompts"
    );
}

#[test]
fn a_misspelt_setting_is_told_with_the_one_that_was_meant() {
    organisation(
        "members = ",
        "rign = \"15s\"\nmembers = ",
        "15:1: queue `sales` has no setting `rign`; did you mean `ring`?",
    );
}

#[test]
fn an_unknown_setting_is_told_with_those_there_are() {
    organisation(
        "log_in = \"*11\"",
        "dance = \"*11\"",
        "24:1: [feature_codes] has no setting `dance`; settings here: `log_in`, `log_out`, `pause`, `resume`, `wrap_up_end`, \
         `wrap_up_extend`, `device_phone`, `device_mobile`, `device_both`, `device_desk_phone`, `device_softphone`, \
         `device_browser`, `agent_status`, \
         `do_not_disturb_on`, `do_not_disturb_off`, \
         `forward_always`, `forward_busy`, `forward_no_answer`, `forward_unreachable`, `forward_off`, `pick_up`, \
         `intercom`, `record_prompt`, `listen_to_prompt`, `quick_close`, `list_log_in`, `list_log_out`, `list_next`",
    );
}

#[test]
fn an_unknown_section_is_told_with_the_one_that_was_meant() {
    organisation(
        "[feature_codes]",
        "[feature-codes]",
        "23:2: organisation `acme` has no setting `feature-codes`; did you mean `feature_codes`?",
    );
}

#[test]
fn a_word_that_is_no_choice_is_told_with_the_choices() {
    organisation(
        "members = ",
        "position = \"sometimes\"\nmembers = ",
        "15:12: expected one of \"never\", \"always\", \"when-improved\", got \"sometimes\"; \
         choose one of these",
    );
    organisation(
        "language = \"en\"",
        "language = \"se\"",
        "3:12: expected one of \"sv\", \"en\", got \"se\"; choose one of these",
    );
}

#[test]
fn a_time_without_unit_is_told_with_the_unit_to_add() {
    organisation(
        "members = ",
        "ring = 15\nmembers = ",
        "15:8: expected a time from \"1s\" to \"5m\", got the number 15; \
         say the unit: \"15s\" for seconds, \"15m\" for minutes",
    );
}

#[test]
fn a_ring_of_no_time_is_refused() {
    organisation(
        "members = ",
        "ring = \"0s\"\nmembers = ",
        "15:8: expected a time from \"1s\" to \"5m\", got \"0s\"; choose a time from \"1s\" to \"5m\"",
    );
}

#[test]
fn a_member_who_is_no_user_is_told_with_the_user_who_was_meant() {
    organisation(
        "[\"anna\", \"bosse\"]",
        "[\"anna\", \"boss\"]",
        "15:20: there is no user \"boss\" in this organisation; did you mean `bosse`?",
    );
}

#[test]
fn a_member_named_twice_is_told_with_both_places() {
    organisation(
        "[\"anna\", \"bosse\"]",
        "[\"anna\", \"anna\"]",
        "15:20: \"anna\" is a member of queue `sales` twice; keep one of them \
         (the first is here: config/organisations/acme/acme.toml:15:12)",
    );
}

#[test]
fn a_number_that_leads_to_no_queue_is_told() {
    organisation(
        "{ queue = \"sales\" }",
        "{ queue = \"service\" }",
        "18:28: there is no queue \"service\" in this organisation; queues: `sales`",
    );
}

#[test]
fn a_number_that_leads_to_two_places_or_none_is_told() {
    let expected = "18:18: number +46850001000 should lead to one place; write one of { queue = \"…\" }, \
         { user = \"…\" }, { group = \"…\" }, { menu = \"…\" }, { message = \"…\" }, { number = \"…\" } and { outside = \"…\" }";
    organisation(
        "{ queue = \"sales\" }",
        "{ queue = \"sales\", user = \"anna\" }",
        expected,
    );
    organisation("{ queue = \"sales\" }", "{}", expected);
}

#[test]
fn a_number_that_is_not_written_in_full_is_told() {
    organisation(
        "+46850001000",
        "0850001000",
        "18:1: expected a public number in full, got \"0850001000\"; \
         write plus, country code and number, in quotes: \"+46850001000\"",
    );
}

#[test]
fn an_extension_that_two_have_is_told_with_both_places() {
    organisation(
        "extension = \"102\"",
        "extension = \"101\"",
        "11:13: \"101\" is already taken by user `anna`; give one of them another \
         (taken here: config/organisations/acme/acme.toml:7:13)",
    );
    organisation(
        "extension = \"1000\"",
        "extension = \"101\"",
        "14:13: \"101\" is already taken by user `anna`; give one of them another \
         (taken here: config/organisations/acme/acme.toml:7:13)",
    );
}

#[test]
fn a_feature_code_that_two_have_is_told_with_both_places() {
    organisation(
        "log_in = \"*11\"",
        "log_in = \"*11\"\npause = \"*11\"",
        "25:9: \"*11\" is already taken by feature code `log_in`; give one of them another \
         (taken here: config/organisations/acme/acme.toml:24:10)",
    );
}

#[test]
fn a_feature_code_that_looks_like_an_extension_is_refused() {
    organisation(
        "\"*11\"",
        "\"11\"",
        "24:10: expected a code that starts with * or #, such as \"*11\", got \"11\"; \
         write * or # and digits: extensions have digits only",
    );
}

#[test]
fn an_extension_without_quotes_is_shown_with_them() {
    organisation(
        "extension = \"101\"",
        "extension = 101",
        "7:13: expected an extension of 1 to 15 digits, got the number 101; write it in quotes: \"101\"",
    );
}

#[test]
fn an_account_without_password_is_told_at_its_heading() {
    organisation(
        "password = \"long-and-random\"\n",
        "",
        "5:1: user `anna` has no `password` and no hashes of one; run kolapp secret anna@acme.example, and write the \
         two lines that it prints here",
    );
}

#[test]
fn a_name_that_cannot_name_a_thing_is_told() {
    organisation(
        "[trunks.provider]",
        "[trunks.\"Åsa Ek\"]",
        "20:9: this can't name a trunk: expected 1 to 64 of a-z, 0-9, '-', '_' and '.', got \"Åsa Ek\"; \
         a name shown to people goes into the setting `name`",
    );
}

#[test]
fn an_invalid_block_of_addresses_is_told() {
    organisation(
        "192.0.2.0/24",
        "192.0.2.0/40",
        "21:12: expected an address with prefix length, such as 192.0.2.0/24 or 2001:db8::/32, got \
         \"192.0.2.0/40\"; write numbers, not a host name; one address is fine too",
    );
}

#[test]
fn a_trunk_that_leads_nowhere_or_has_half_an_account_is_told() {
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "",
        "20:9: trunk `provider` has neither `sources`, `inbound` nor `address`; name where its calls come from: \
         sources = [\"192.0.2.0/24\"], or where calls are sent: address = \"192.0.2.10\"",
    );
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "address = \"192.0.2.10\"\npassword = \"secret\"",
        "20:1: trunk `provider` has `password` and no `username`; the provider's challenges are answered with \
         both: username = \"…\", password = \"…\"",
    );
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "sources = [\"192.0.2.0/24\"]\npriority = 3",
        "20:1: trunk `provider` has `priority` and no `address`; name where calls are sent: \
         address = \"192.0.2.10\"",
    );
}

#[test]
fn a_trunk_s_address_and_transport_that_can_t_be_are_told() {
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "address = \"sip:sip.example.com\"",
        "21:11: expected an address or host name, such as 192.0.2.10, [2001:db8::10]:5070 or sip.example.com, got \
         \"sip:sip.example.com\"; write its address or name, and its port after a colon if the provider names one",
    );
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "address = \"sip.example.com\"\ntransport = \"tls\"",
        "22:13: nothing listens for SIP over TLS; add it to [sip] in kolapp.toml: tls = [\"192.0.2.10:5061\"]",
    );
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "sources = [\"192.0.2.0/24\"]\ntransport = \"udp\"",
        "20:1: trunk `provider` has `transport` and no `address`; name where calls are sent: \
         address = \"192.0.2.10\"",
    );
}

#[test]
fn an_account_for_calls_in_that_is_half_or_somebody_s_is_told() {
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "inbound = { username = \"pbx\", ha1_md5 = \"0123456789abcdef0123456789abcdef\" }",
        "21:11: `inbound` of trunk `provider` has no `ha1_sha256`; run kolapp secret pbx@acme.example, and write \
         the two lines that it prints here",
    );
    let sha256 = "0123456789abcdef".repeat(4);
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        &format!(
            "inbound = {{ username = \"anna\", ha1_md5 = \"0123456789abcdef0123456789abcdef\", \
             ha1_sha256 = \"{sha256}\" }}"
        ),
        "21:24: \"anna\" is the name of user `anna` already; give each account a name of its own",
    );
}

#[test]
fn a_registration_that_says_not_whom_or_for_what_is_told() {
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "address = \"192.0.2.10\"\nregister = {}",
        "22:12: `register` of trunk `provider` does not say whom to register; give the trunk its `username` and \
         `password`, or name the account: user = \"46850001000\"",
    );
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "sources = [\"192.0.2.0/24\"]\nregister = {}",
        "20:1: trunk `provider` has `register` and no `address`; name where calls are sent: \
         address = \"192.0.2.10\"",
    );
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "address = \"192.0.2.10\"\nregister = { user = \"a\", number = \"+46850009999\" }",
        "22:35: \"+46850009999\" is no number of this organisation; name one that stands under [numbers]",
    );
    organisation(
        "sources = [\"192.0.2.0/24\"]",
        "address = \"192.0.2.10\"\nprobe = \"1s\"",
        "22:9: expected a time from \"5s\" to \"1h\", got \"1s\"; choose a time from \"5s\" to \"1h\"",
    );
}

#[test]
fn a_plan_a_country_and_a_number_to_show_that_are_not_there_are_told() {
    organisation(
        "extension = \"101\"",
        "extension = \"101\"\nplan = \"ofice\"",
        "8:8: there is no plan \"ofice\" in this organisation; did you mean `office`?",
    );
    organisation(
        "extension = \"101\"",
        "extension = \"101\"\ncaller_id = \"+46850009999\"",
        "8:13: \"+46850009999\" is no number of this organisation; show one that stands under [numbers], or \
         name it in `shown_numbers` of [organisation]",
    );
    organisation(
        "extension = \"101\"",
        "extension = \"101\"\ncaller_ids = [\"+46850009998\"]",
        "8:15: \"+46850009998\" is no number of this organisation; show one that stands under [numbers], or \
         name it in `shown_numbers` of [organisation]",
    );
    organisation(
        "language = \"en\"",
        "language = \"en\"\ncountry = \"Sweden\"",
        "4:11: expected the two letters of a country, such as SE, got \"Sweden\"; write the two letters that \
         stand for it: country = \"SE\"",
    );
    organisation(
        "allow = [\"national\"]",
        "allow = [\"natonal\"]",
        "27:10: expected one of \"national\", \"mobile\", \"freephone\", \"shared-cost\", \"premium\", \
         \"international\", got \"natonal\"; did you mean `national`?",
    );
}

#[test]
fn an_organisation_without_domain_is_told() {
    organisation(
        "domain = \"acme.example\"\n",
        "",
        "1:1: [organisation] has no `domain`; phones register there: domain = \"sip.example.com\"",
    );
}

#[test]
fn a_domain_with_more_than_a_domain_in_it_is_told() {
    organisation(
        "\"acme.example\"",
        "\"sip:acme.example\"",
        "2:10: expected a domain, such as \"sip.example.com\", got \"sip:acme.example\"; \
         use letters, digits, hyphens and dots, without port or \"sip:\"",
    );
}

#[test]
fn a_prompt_that_is_not_there_is_told_with_a_near_one() {
    organisation(
        "members = ",
        "welcome = \"queue-welcom\"\nmembers = ",
        "15:11: there is no prompt \"queue-welcom\" in language `en`; did you mean `queue-welcome`?",
    );
}

#[test]
fn a_prompt_file_that_is_not_there_is_told_with_its_path() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "[numbers]",
        "[prompts]\ngreeting = \"sounds/greeting.wav\"\n\n[numbers]",
    );
    let expected = "config/organisations/acme/acme.toml:18:12: the prompt's file \
         config/organisations/acme/sounds/greeting.wav can't be read: No such file or directory (os error 2); \
         paths are relative to the file they are written in";
    assert_eq!(sandbox.errors(), [expected]);
    sandbox.write("config/organisations/acme/sounds/greeting.wav", "");
    sandbox.loaded();
}

#[test]
fn a_prompt_file_of_another_kind_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("config/organisations/acme/notes.txt", "");
    sandbox.change(
        "[numbers]",
        "[prompts]\ngreeting = \"notes.txt\"\n\n[numbers]",
    );
    let expected = "config/organisations/acme/acme.toml:18:12: expected a sound file \
         (wav, mp3, flac, ogg, oga, opus, m4a, mp4, aac), got config/organisations/acme/notes.txt; \
         convert it, to WAV for instance";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn a_language_whose_numbers_cannot_be_spoken_is_told_unless_they_are_never_said() {
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.path("prompts/en/number-21.wav")).unwrap();
    let expected = "config/organisations/acme/acme.toml:13:1: the place in the queue can't be said in \
         language `en`, which lacks number-21; add them to the folder en of the prompts, or set \
         position = \"never\"";
    assert_eq!(sandbox.errors(), [expected]);
    sandbox.change("members = ", "position = \"never\"\nmembers = ");
    sandbox.loaded();
}

#[test]
fn music_cannot_be_nothing() {
    organisation(
        "members = ",
        "music = \"none\"\nmembers = ",
        "15:9: queue `sales` needs something to be heard as `music`; \
         leave the line out for what comes with the server, or name a prompt",
    );
}

#[test]
fn a_key_given_twice_in_a_file_is_told_with_the_first_place() {
    organisation(
        "[numbers]",
        "[users.anna]\nname = \"Anna\"\n[numbers]",
        "17:8: \"anna\" is given twice; keep one of them \
         (the first is here: config/organisations/acme/acme.toml:5:8)",
    );
    organisation(
        "members = ",
        "ring = \"15s\"\nring = \"20s\"\nmembers = ",
        "16:1: \"ring\" is given twice; keep one of them \
         (the first is here: config/organisations/acme/acme.toml:15:1)",
    );
}

#[test]
fn a_user_in_two_files_is_told_with_both() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "config/organisations/acme/more.toml",
        "[users.anna]\npassword = \"another-long-one\"\n",
    );
    let expected = "config/organisations/acme/more.toml:1:8: `users.anna` is given twice; keep one of them \
         (the first is here: config/organisations/acme/acme.toml:5:8)";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn two_organisations_cannot_share_domain_or_number() {
    let sandbox = Sandbox::new();
    let other = ORGANISATION.replace("acme.example", "ACME.example");
    sandbox.write("config/organisations/other/other.toml", other);
    let expected = [
        "config/organisations/other/other.toml:2:10: domain \"acme.example\" is another organisation's too; \
         give each organisation a domain of its own (the other is here: config/organisations/acme/acme.toml:2:10)",
        "config/organisations/other/other.toml:18:1: number +46850001000 is another organisation's too; \
         a number leads to one place: remove one of them (the other is here: config/organisations/acme/acme.toml:18:1)",
    ];
    assert_eq!(sandbox.errors(), expected);
}

#[test]
fn an_organisation_cannot_hear_another_ones_recordings() {
    let sandbox = Sandbox::new();
    let other = "[organisation]\ndomain = \"other.example\"\n[prompts]\nsecret = \"secret.wav\"\n";
    sandbox.write("config/organisations/aaa/other.toml", other);
    sandbox.write("config/organisations/aaa/secret.wav", "");
    sandbox.change("members = ", "welcome = \"aaa/secret\"\nmembers = ");
    let [error] = &sandbox.errors()[..] else {
        panic!("{:?}", sandbox.errors())
    };
    assert!(error.starts_with(
        "config/organisations/acme/acme.toml:15:11: there is no prompt \"aaa/secret\""
    ));
}

#[test]
fn an_organisation_cannot_take_the_name_of_a_folder_of_prompts() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "config/organisations/music/a.toml",
        "[organisation]\ndomain = \"b.example\"\n",
    );
    let expected = "config/organisations/music/a.toml:1:1: an organisation can't be called `music`: \
         a folder of prompts is; rename the organisation's folder";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn a_folder_that_cannot_name_an_organisation_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("config/organisations/Öst AB/a.toml", "");
    let expected = "config/organisations/Öst AB: this can't name an organisation: expected 1 to 64 of a-z, \
         0-9, '-', '_' and '.', got \"Öst AB\"; rename the folder";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn a_file_beside_the_organisations_folders_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write("config/organisations/b.toml", "");
    let expected = "config/organisations/b.toml: belongs to no organisation; \
         move it into a folder of the organisation's name, such as b/";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn a_folder_without_configuration_is_told() {
    let sandbox = Sandbox::new();
    let errors = config::load(&sandbox.path("prompts"), &Default::default()).unwrap_err();
    let expected = "prompts/kolapp.toml: can't be read: No such file or directory (os error 2); \
         check that the file is there and that the server's user may read it";
    assert_eq!(sandbox.lines(&errors), [expected]);
}

#[test]
fn a_server_without_organisations_is_told() {
    let sandbox = Sandbox::new();
    std::fs::remove_dir_all(sandbox.path("config/organisations")).unwrap();
    let expected = "config/organisations: there is no organisation; \
         make a folder for one, with a TOML file in it: organisations/demo/organisation.toml";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn text_that_is_not_toml_is_told_with_its_place() {
    organisation(
        "language = \"en\"",
        "language = en",
        "3:12: not TOML: string values must be quoted, expected literal string; \
         texts stand in quotes, lists in brackets, and each setting on its own line",
    );
}

#[test]
fn bytes_that_are_not_utf8_are_told_with_their_line() {
    let sandbox = Sandbox::new();
    sandbox.write("config/kolapp.toml", b"# \xc3\xa5\n# \xe5\n");
    let expected =
        "config/kolapp.toml: expected UTF-8 text; line 2 has other bytes; save the file as UTF-8";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn a_file_that_is_too_large_is_told() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "config/kolapp.toml",
        vec![b'#'; config::FILE_BYTES_MAX as usize + 1],
    );
    let expected = "config/kolapp.toml: is larger than 8388608 bytes; \
         split it: all files in an organisation's folder count as one";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn a_default_organisation_that_is_not_there_is_told() {
    let sandbox = Sandbox::new();
    sandbox.change_in("config/kolapp.toml", "\"acme\"", "\"acmee\"");
    let expected =
        "config/kolapp.toml:1:24: there is no organisation \"acmee\"; did you mean `acme`?";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn ports_that_cannot_be_are_told() {
    let expected = "a range of at least two ports from 1024 to 65535, such as \"30000-39999\"";
    let mend = "write lowest and highest port with a hyphen between";
    server(
        "[rtp]\nports = \"40000-30000\"",
        &format!("4:9: expected {expected}, got \"40000-30000\"; {mend}"),
    );
    server(
        "[rtp]\nports = \"5000-6000\"",
        "4:9: SIP's port 5060 lies among the ports for audio; move one of them \
         (SIP listens here: config/kolapp.toml:6:8)",
    );
    server(
        "[http]\nlisten = \"localhost:8080\"",
        "4:10: expected an address and port, such as 127.0.0.1:5060 or [::1]:5060, got \"localhost:8080\"; \
         write numbers, not a host name, and the port after a colon",
    );
}

#[test]
fn plain_http_for_other_machines_is_told_unless_a_proxy_is_named() {
    let mend = |port: u16| {
        format!(
            "name `certificate` and `key` to speak HTTPS there, listen on 127.0.0.1:{port}, or name the proxy that \
             has the certificate: proxies = [\"192.0.2.5\"]"
        )
    };
    for (address, port) in [("192.0.2.10", 8080), ("0.0.0.0", 80), ("[::]", 8080)] {
        server(
            &format!("[http]\nlisten = \"{address}:{port}\""),
            &format!(
                "4:10: refuses plain HTTP at {address}:{port}, where passwords can be read on their way; {}",
                mend(port)
            ),
        );
    }
    server(
        "[http]\nlisten = \"192.0.2.10:8080\"\nproxies = []",
        &format!(
            "4:10: refuses plain HTTP at 192.0.2.10:8080, where passwords can be read on their way; {}",
            mend(8080)
        ),
    );
    let sandbox = Sandbox::new();
    sandbox.change_in(
        "config/kolapp.toml",
        "[sip]",
        "[http]\nlisten = \"192.0.2.10:8080\"\nproxies = [\"192.0.2.5\"]\n[sip]",
    );
    assert_eq!(sandbox.loaded().server.https, None);
}

#[test]
fn a_certificate_for_http_has_a_key_and_both_are_seen_from_the_file() {
    server(
        "[http]\nlisten = \"192.0.2.10:443\"\ncertificate = \"fullchain.pem\"",
        "3:1: [http] has no `key`; name the file of the certificate's key: key = \"privkey.pem\"",
    );
    server(
        "[http]\nkey = \"privkey.pem\"",
        "3:1: [http] has no `certificate`; name the file of the key's certificate: certificate = \"fullchain.pem\"",
    );
    let sandbox = Sandbox::new();
    sandbox.change_in(
        "config/kolapp.toml",
        "[sip]",
        "[http]\nlisten = \"0.0.0.0:443\"\ncertificate = \"tls/chain.pem\"\nkey = \"/etc/key.pem\"\n[sip]",
    );
    let https = sandbox.loaded().server.https.unwrap();
    assert_eq!(https.certificate, sandbox.path("config/tls/chain.pem"));
    assert_eq!(https.key, std::path::Path::new("/etc/key.pem"));
}

#[test]
fn an_address_for_audio_that_nobody_can_reach_is_told() {
    server(
        "[rtp]\naddress = \"0.0.0.0\"",
        "4:11: expected an address of this machine that phones can reach, such as 192.0.2.10, got \"0.0.0.0\"; \
         phones are told this address, so it has to be a real one",
    );
}

#[test]
fn a_listener_named_twice_is_told_with_both_places() {
    let sandbox = Sandbox::new();
    sandbox.change_in(
        "config/kolapp.toml",
        "[\"127.0.0.1:5060\"]",
        "[\"127.0.0.1:5060\", \"127.0.0.1:5060\"]",
    );
    let expected = "config/kolapp.toml:4:26: 127.0.0.1:5060 is listened at twice; \
         keep one of them (KOLAPP_SIP_PORT gives all of one transport the same port) (the first is here: config/kolapp.toml:4:8)";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn registration_times_out_of_order_are_told() {
    server(
        "[registrations]\nexpires_default = \"10s\"",
        "4:19: expected expires_default from expires_min (1m) to expires_max (2h), got 10s; \
         set all three in that order",
    );
}

#[test]
fn a_session_shorter_than_the_least_is_told() {
    let sandbox = Sandbox::new();
    let added = "[sip]\nsession_expires = \"60s\"";
    sandbox.change_in("config/kolapp.toml", "[sip]", added);
    let expected = "config/kolapp.toml:4:19: expected session_expires of session_expires_min (1m30s) or more, got 1m; \
                    raise it, or lower session_expires_min";
    assert_eq!(sandbox.errors(), [expected]);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.change("language = \"en\"", "language = \"de\"");
    sandbox.change("extension = \"102\"", "extension = \"101\"");
    sandbox.change("members = ", "rign = \"15s\"\nmembers = ");
    sandbox.change("192.0.2.0/24", "provider.example");
    sandbox.change_in("config/kolapp.toml", "[sip]", "[spi]\n[sip]");
    let errors = sandbox.errors();
    let places: Vec<&str> = errors
        .iter()
        .map(|e| e.split(": ").next().unwrap())
        .collect();
    let expected = [
        "config/kolapp.toml:3:2",
        "config/organisations/acme/acme.toml:3:12",
        "config/organisations/acme/acme.toml:11:13",
        "config/organisations/acme/acme.toml:15:1",
        "config/organisations/acme/acme.toml:22:12",
    ];
    assert_eq!(places, expected, "{errors:#?}");
}

#[test]
fn an_error_is_drawn_with_its_line_and_the_mend() {
    let sandbox = Sandbox::new();
    sandbox.change("extension = \"102\"", "extension = \"101\"");
    let errors = sandbox.load().unwrap_err();
    let drawn = errors[0].drawn();
    for part in [
        "\"101\" is already taken by user `anna`",
        "extension = \"101\"",
        "taken here",
        "help:",
        "give one of them another",
        "acme.toml:11:13",
    ] {
        assert!(drawn.contains(part), "{part:?} is not in\n{drawn}");
    }
    assert!(!drawn.contains('\u{1b}'), "no colours");
}

#[test]
fn what_is_allowed_but_hardly_meant_is_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.change("long-and-random", "short");
    sandbox.change("192.0.2.0/24", "0.0.0.0/0");
    sandbox.change("[numbers]", "[queues.empty]\n[numbers]");
    let loaded = sandbox.loaded();
    let expected = [
        "config/organisations/acme/acme.toml:6:12: the password of user `anna` is short and can be guessed; \
         use 12 characters or more, drawn at random",
        "config/organisations/acme/acme.toml:17:1: queue `empty` has no members: its callers wait for nobody; \
         name users: members = [\"anna\"]",
        "config/organisations/acme/acme.toml:22:12: calls from any address on the internet come in without \
         credentials; name the provider's own addresses",
        "config/organisations/acme/acme.toml:17:9: nobody can call queue `empty`: nothing leads to \
         it; give it an `extension`, or a number under [numbers]: { queue = \"empty\" }",
    ];
    assert_eq!(sandbox.lines(&warnings(&loaded)), expected);
}

#[test]
fn an_extension_that_is_an_emergency_number_is_told() {
    organisation(
        "extension = \"101\"",
        "extension = \"112\"",
        "7:13: \"112\" is an emergency number; choose another extension: whoever dials it calls for help",
    );
}
