//! Several edits of an organisation's files as one change, from the outside: all of them or none, judged together, with secrets
//! kept and never shown, and nobody's work lost.

use crate::common::{ORGANISATION, Sandbox, warnings};
use base::OrgId;
use config::{Change, Environment, LineKind, NotLanded, Snapshot, Told, Touch, VersionKey};
use control::{Proposal, SettingEdit, SettingValue, Written};

const FILE: &str = "config/organisations/acme/acme.toml";
const MORE: &str = "config/organisations/acme/more.toml";
const KEY: VersionKey = [7; 32];

fn read(sandbox: &Sandbox) -> Snapshot {
    Snapshot::read(&sandbox.path("config"), &OrgId::new("acme").unwrap()).unwrap()
}

fn keys(path: &str) -> Vec<String> {
    path.split('.').map(str::to_owned).collect()
}

fn text(text: &str) -> SettingValue {
    SettingValue::Text(text.into())
}

fn table(entries: &[(&str, SettingValue)]) -> SettingValue {
    let entries = entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    SettingValue::Table(entries.collect())
}

fn set(path: &str, value: SettingValue) -> SettingEdit {
    SettingEdit {
        path: keys(path),
        value: Some(value),
    }
}

fn remove(path: &str) -> SettingEdit {
    SettingEdit {
        path: keys(path),
        value: None,
    }
}

fn change(files: &Snapshot, edits: Vec<SettingEdit>) -> Change {
    Change::of(files, &Proposal::Edits(edits)).unwrap()
}

fn refused(files: &Snapshot, edits: Vec<SettingEdit>) -> Told {
    let mut told = Change::of(files, &Proposal::Edits(edits)).unwrap_err();
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

fn file(name: &str, text: &str) -> Proposal {
    Proposal::File {
        name: name.into(),
        text: Written(text.into()),
    }
}

fn is_right(sandbox: &Sandbox, change: &Change) -> bool {
    config::load_changed(&sandbox.path("config"), &Environment::default(), change).is_ok()
}

fn land(sandbox: &Sandbox, change: &Change) -> Result<(), NotLanded> {
    change.land(&sandbox.path("config"), &Environment::default())
}

fn says(sandbox: &Sandbox, file: &str) -> String {
    std::fs::read_to_string(sandbox.path(file)).unwrap()
}

/// Users in the one file, and a queue in the other.
fn in_two_files() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        MORE,
        "# More.\n[queues.help]\nextension = \"1001\" # free\nmembers = [\"anna\"]\n",
    );
    sandbox
}

#[test]
fn what_is_wrong_one_by_one_is_right_together_and_lands_in_the_files_of_its_kind() {
    let sandbox = in_two_files();
    let files = read(&sandbox);
    let eva = table(&[
        ("password", text("another-long-one")),
        ("extension", text("103")),
    ]);
    let members = SettingValue::List(vec![text("eva")]);
    // Without the first there is nobody called eva, without the second anna is missed.
    let edits = vec![
        set("users.eva", eva),
        set("queues.help.members", members),
        set(
            "queues.sales.members",
            SettingValue::List(vec![text("eva"), text("bosse")]),
        ),
        remove("users.anna"),
    ];
    for left_out in 0..2 {
        let mut fewer = edits.clone();
        fewer.remove(left_out);
        assert!(!is_right(&sandbox, &change(&files, fewer)), "{left_out}");
    }
    let whole = change(&files, edits);
    assert!(is_right(&sandbox, &whole));
    land(&sandbox, &whole).unwrap();
    let (one, more) = (says(&sandbox, FILE), says(&sandbox, MORE));
    assert!(
        one.contains("[users.eva]\npassword = \"another-long-one\"\nextension = \"103\"\n"),
        "{one}"
    );
    assert!(!one.contains("anna"), "{one}");
    assert_eq!(
        more,
        "# More.\n[queues.help]\nextension = \"1001\" # free\nmembers = [\"eva\"]\n"
    );
    sandbox.loaded();
    assert_eq!(read(&sandbox).version(&KEY), whole.after().version(&KEY));
    let folder = std::fs::read_dir(sandbox.path("config/organisations/acme")).unwrap();
    assert_eq!(folder.count(), 2, "nothing is left beside them");
}

#[test]
fn nothing_is_written_where_any_file_of_the_organisation_was_changed_by_hand_meanwhile() {
    let sandbox = in_two_files();
    let wanted = change(&read(&sandbox), vec![set("queues.sales.ring", text("20s"))]);
    // Another file than the one that would be written.
    sandbox.change_in(MORE, "# More.", "# By hand.");
    let (one, more) = (says(&sandbox, FILE), says(&sandbox, MORE));
    let refused = land(&sandbox, &wanted);
    assert!(matches!(refused, Err(NotLanded::Changed)), "{refused:?}");
    assert_eq!((says(&sandbox, FILE), says(&sandbox, MORE)), (one, more));
    sandbox.write("config/organisations/acme/new.toml", "");
    let wanted = change(&read(&sandbox), vec![set("queues.sales.ring", text("20s"))]);
    std::fs::remove_file(sandbox.path("config/organisations/acme/new.toml")).unwrap();
    let refused = land(&sandbox, &wanted);
    assert!(matches!(refused, Err(NotLanded::Changed)), "{refused:?}");
}

#[test]
fn what_others_have_changed_since_is_told_by_its_paths() {
    let sandbox = in_two_files();
    let before = read(&sandbox);
    assert_eq!(before.version(&KEY).len(), 32);
    assert_ne!(before.version(&KEY), before.version(&[8; 32]));
    assert_eq!(read(&sandbox).changed_since(&before), Some(Vec::new()));
    sandbox.change(
        "extension = \"1000\"\n",
        "extension = \"1000\"\nring = \"20s\"\n",
    );
    sandbox.change("long-and-random", "another-and-long");
    sandbox.change_in(MORE, "# More.", "# Comments are no settings.");
    sandbox.change_in(MORE, "members = [\"anna\"]", "members = []");
    sandbox.change("[trunks.provider]\nsources = [\"192.0.2.0/24\"]\n", "");
    sandbox.change(
        "[plans.office]",
        "[plans.home]\nallow = [\"national\"]\n\n[plans.office]",
    );
    let now = read(&sandbox);
    assert_ne!(now.version(&KEY), before.version(&KEY));
    let changed = now.changed_since(&before).unwrap();
    let changed: Vec<String> = changed.iter().map(|path| config::dotted(path)).collect();
    assert_eq!(
        changed,
        [
            "plans.home",
            "queues.help.members",
            "queues.sales.ring",
            "trunks.provider",
            "users.anna.password"
        ]
    );
    let number = ["numbers".to_owned(), "+46850001000".to_owned()];
    assert_eq!(config::dotted(&number), "numbers.\"+46850001000\"");
    sandbox.change_in(MORE, "members", "members =");
    assert_eq!(read(&sandbox).changed_since(&before), None, "it is no TOML");
}

#[test]
fn a_value_takes_the_place_of_another_and_keeps_the_comments_of_what_stays() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "extension = \"1000\"\nmembers = [\"anna\", \"bosse\"]\n",
        "extension = \"1000\" # ours\nwrap_up = \"5s\"\n# who\nmembers = [\"anna\", \"bosse\"]\n\
         [queues.sales.closed]\nmessage = \"closed\" # said\n",
    );
    sandbox.loaded();
    let files = read(&sandbox);
    let sales = table(&[
        ("extension", text("1000")),
        ("members", SettingValue::List(vec![text("bosse")])),
        ("weight", SettingValue::Whole(7)),
        ("logged_in_at_start", SettingValue::YesNo(true)),
        ("closed", table(&[("message", text("closed-quick"))])),
    ]);
    let wanted = change(&files, vec![set("queues.sales", sales)]);
    assert!(is_right(&sandbox, &wanted));
    land(&sandbox, &wanted).unwrap();
    let after = says(&sandbox, FILE);
    let begins = after.find("[queues.sales]").unwrap();
    let ends = after.find("[numbers]").unwrap();
    assert_eq!(
        &after[begins..ends],
        "[queues.sales]\nextension = \"1000\" # ours\n# who\nmembers = [\"bosse\"]\nweight = 7\nlogged_in_at_start = true\n\
         [queues.sales.closed]\nmessage = \"closed-quick\" # said\n\n"
    );
    // Nothing is another: each byte is as it was.
    let same = change(
        &read(&sandbox),
        vec![set("queues.sales.weight", SettingValue::Whole(7))],
    );
    assert_eq!(same.diffs(), []);
    assert_eq!(same.changed(), Vec::<Vec<String>>::new());
}

#[test]
fn a_new_thing_is_written_with_the_headers_that_people_would_write() {
    let sandbox = Sandbox::new();
    let callback = table(&[
        ("key", text("2")),
        ("announcement", text("closed")),
        ("expire", text("30d")),
        ("attempts_max", SettingValue::Whole(3)),
    ]);
    let night = table(&[
        ("extension", text("1009")),
        ("closed", table(&[("message", text("closed"))])),
        ("members", SettingValue::List(Vec::new())),
        ("callback", callback),
    ]);
    let edits = vec![
        set("queues.night", night),
        set("numbers.+46850001009", table(&[("queue", text("night"))])),
        set("organisation.zone", text("Europe/Stockholm")),
    ];
    let wanted = change(&read(&sandbox), edits);
    land(&sandbox, &wanted).unwrap();
    let after = says(&sandbox, FILE);
    for written in [
        "[queues.night]\nextension = \"1009\"\nclosed = { message = \"closed\" }\nmembers = []\n",
        "[queues.night.callback]\nkey = \"2\"\n",
        "\n\"+46850001009\" = { queue = \"night\" }\n",
        "language = \"en\"\nzone = \"Europe/Stockholm\"\n",
    ] {
        assert!(after.contains(written), "{written}\n{after}");
    }
}

#[test]
fn a_list_of_tables_with_headers_stays_one() {
    let sandbox = Sandbox::new();
    let rules = "[hours.office]\n[[hours.office.rules]] # weekdays\nweekdays = \"mon-fri\"\nhours = [\"08:00-17:00\"]\n\
                 [[hours.office.rules]]\nweekdays = \"sat\" # short\nhours = [\"10:00-12:00\"]\n";
    sandbox.write(MORE, rules);
    let files = read(&sandbox);
    let rule = |days: &str, hours: &str| {
        let hours = SettingValue::List(vec![text(hours)]);
        table(&[("weekdays", text(days)), ("hours", hours)])
    };
    let rules = SettingValue::List(vec![
        rule("mon-fri", "09:00-17:00"),
        rule("sat", "10:00-12:00"),
        rule("sun", "11:00-12:00"),
    ]);
    land(
        &sandbox,
        &change(&files, vec![set("hours.office.rules", rules)]),
    )
    .unwrap();
    let after = says(&sandbox, MORE);
    assert_eq!(
        after,
        "[hours.office]\n[[hours.office.rules]] # weekdays\nweekdays = \"mon-fri\"\nhours = [\"09:00-17:00\"]\n\
         [[hours.office.rules]]\nweekdays = \"sat\" # short\nhours = [\"10:00-12:00\"]\n\
         \n[[hours.office.rules]]\nweekdays = \"sun\"\nhours = [\"11:00-12:00\"]\n"
    );
}

#[test]
fn secrets_are_never_shown_and_stay_where_they_are_kept() {
    let sandbox = in_two_files();
    sandbox.change(
        "[feature_codes]",
        "[quick_close]\npin = \"80246913\"\n\n[feature_codes]",
    );
    let files = read(&sandbox);
    let settings = files.settings();
    assert_eq!(
        settings["users"]["anna"]["password"],
        serde_json::json!({ "secret": true })
    );
    assert_eq!(settings["users"]["anna"]["extension"], "101");
    assert_eq!(
        settings["queues"]["help"]["members"],
        serde_json::json!(["anna"])
    );
    assert_eq!(
        settings["quick_close"]["pin"],
        serde_json::json!({ "secret": true })
    );
    let shown = files.text("acme.toml").unwrap().unwrap();
    for secret in ["long-and-random", "random-and-long", "80246913"] {
        assert!(
            !shown.contains(secret) && !settings.to_string().contains(secret),
            "{shown}"
        );
        assert!(!format!("{files:?}").contains(secret));
    }
    assert_eq!(shown.matches("\"(kept secret)\"").count(), 3);
    assert!(files.text("../acme/acme.toml").is_none());
    // The text as it was shown says the same.
    let same = Change::of(&files, &file("acme.toml", &shown)).unwrap();
    assert_eq!(same.diffs(), []);
    let kept = table(&[
        ("password", SettingValue::KeptSecret),
        ("extension", text("109")),
    ]);
    let other = table(&[
        ("password", text("yet-another-long")),
        ("extension", text("102")),
    ]);
    let wanted = change(
        &files,
        vec![set("users.anna", kept), set("users.bosse", other)],
    );
    assert!(is_right(&sandbox, &wanted));
    let diffs = wanted.diffs();
    assert_eq!(diffs.len(), 1);
    let lines: Vec<(LineKind, &str)> = diffs[0]
        .lines
        .iter()
        .filter(|line| line.kind != LineKind::Same)
        .map(|line| (line.kind, line.text.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (LineKind::Removed, "extension = \"101\""),
            (LineKind::Added, "extension = \"109\""),
            (LineKind::Removed, "password = \"(kept secret)\""),
            (LineKind::Added, "password = \"(new secret)\""),
        ]
    );
    land(&sandbox, &wanted).unwrap();
    let after = says(&sandbox, FILE);
    assert!(
        after.contains("password = \"long-and-random\"\nextension = \"109\"\n"),
        "{after}"
    );
    assert!(
        after.contains("password = \"yet-another-long\"\n"),
        "{after}"
    );
    let told = refused(
        &files,
        vec![set(
            "users.eva",
            table(&[("password", SettingValue::KeptSecret)]),
        )],
    );
    assert_eq!(told.path, keys("users.eva.password"));
    assert!(told.problem.contains("no secret here"), "{told:?}");
}

#[test]
fn what_is_wrong_is_told_with_its_setting_and_without_what_is_others() {
    let sandbox = in_two_files();
    let files = read(&sandbox);
    let errors = |change: &Change| {
        let loaded = config::load_changed(&sandbox.path("config"), &Environment::default(), change);
        change.after().told(&loaded.unwrap_err())
    };
    let told = errors(&change(&files, vec![set("queues.help.ring", text("soon"))]));
    assert_eq!(told.outside, 0);
    assert_eq!(told.inside.len(), 1);
    assert_eq!(told.inside[0].path, keys("queues.help.ring"));
    assert_eq!(told.inside[0].file.as_deref(), Some("more.toml"));
    assert_eq!(told.inside[0].at, Some((5, 8)));
    assert!(told.inside[0].problem.contains("\"soon\""));
    assert!(told.inside[0].mend.is_some());
    // What came in a secret's place is not repeated.
    let pin = set("quick_close.pin", text("8024 6913"));
    let told = errors(&change(&files, vec![pin]));
    assert_eq!(told.inside[0].path, keys("quick_close.pin"), "{told:?}");
    assert!(!format!("{told:?}").contains("6913"), "{told:?}");
    // A text that is none is told by its line.
    let wanted = file("more.toml", "[queues.help]\nextension = \n");
    let told = Change::of(&files, &wanted).unwrap_err();
    assert_eq!(told[0].file.as_deref(), Some("more.toml"));
    assert_eq!(told[0].at.map(|(line, _)| line), Some(2), "{told:?}");
    // Of what stands elsewhere only that it does.
    let other = ORGANISATION
        .replace("acme.example", "other.example")
        .replace("+4685000", "+4686000");
    sandbox.write(
        "config/organisations/other/other.toml",
        other.replace("\"101\"", "101"),
    );
    let told = errors(&change(&files, vec![set("queues.help.ring", text("20s"))]));
    assert_eq!(told.inside, []);
    assert!(told.outside > 0);
}

#[test]
fn a_change_has_bounds() {
    let files = read(&Sandbox::new());
    let many = vec![set("queues.sales.ring", text("20s")); config::EDITS_MAX + 1];
    assert!(refused(&files, many).problem.contains("1 to 500 edits"));
    assert!(
        refused(&files, Vec::new())
            .problem
            .contains("1 to 500 edits")
    );
    let no_keys = SettingEdit {
        path: Vec::new(),
        value: None,
    };
    assert!(
        refused(&files, vec![no_keys])
            .problem
            .contains("1 to 10 keys")
    );
    let deep = (0..20).fold(text("x"), |inner, _| table(&[("a", inner)]));
    assert!(
        refused(&files, vec![set("queues.sales", deep)])
            .problem
            .contains("too deep")
    );
    let told = refused(&files, vec![remove("queues.nobody")]);
    assert_eq!(told.path, keys("queues.nobody"));
    let told = refused(&files, vec![set("queues.sales.extension.x", text("1"))]);
    assert!(
        told.problem
            .contains("a value, in which nothing can be set"),
        "{told:?}"
    );
    let none = Change::of(&files, &file("nobody.toml", ""));
    assert!(none.unwrap_err()[0].problem.contains("no such file"));
}

#[test]
fn a_file_that_leads_out_of_the_folder_is_told_and_one_that_did_before_is_not() {
    let sandbox = Sandbox::new();
    sandbox.change(
        "[trunks.provider]",
        "[prompts]\nold = \"../../../prompts/music/waiting.wav\"\n\n[trunks.provider]",
    );
    sandbox.loaded();
    let files = read(&sandbox);
    let out = |path: &str, value: SettingValue| {
        let told = change(&files, vec![set(path, value)]).reaching_out();
        told.into_iter()
            .map(|told| told.path.join("."))
            .collect::<Vec<_>>()
    };
    assert_eq!(out("queues.sales.ring", text("20s")), [""; 0]);
    assert_eq!(out("prompts.new", text("new.wav")), [""; 0]);
    assert_eq!(out("prompts.new", text("/etc/hostname")), ["prompts.new"]);
    assert_eq!(
        out("prompts.old", text("../other/secret.wav")),
        ["prompts.old"]
    );
    let import = |file: &str| {
        let named = table(&[("file", text(file))]);
        table(&[("import", SettingValue::List(vec![text("a.ics"), named]))])
    };
    assert_eq!(out("hours.office", import("b.ics")), [""; 0]);
    assert_eq!(
        out("hours.office", import("../b.ics")),
        ["hours.office.import.1"]
    );
}

#[test]
fn queues_are_touched_by_their_settings_and_by_their_hours() {
    let sandbox = in_two_files();
    sandbox.change(
        "extension = \"1000\"\n",
        "extension = \"1000\"\nhours = \"office\"\n",
    );
    sandbox.change("[numbers]", "[hours.office]\nrules = []\n\n[numbers]");
    let files = read(&sandbox);
    let touched = |edits: Vec<SettingEdit>| {
        let touched = change(&files, edits).after().touched_queues(&files);
        touched.into_iter().collect::<Vec<_>>()
    };
    let named = |name: &str, touch| (name.to_owned(), touch);
    let ring = || set("queues.help.ring", text("20s"));
    assert_eq!(touched(vec![ring()]), [named("help", Touch::Changed)]);
    let hours = || set("hours.office.zone", text("Europe/Stockholm"));
    assert_eq!(touched(vec![hours()]), [named("sales", Touch::Changed)]);
    let gone = touched(vec![remove("queues.help"), hours()]);
    assert_eq!(
        gone,
        [
            named("help", Touch::Removed),
            named("sales", Touch::Changed)
        ]
    );
    let new = table(&[("extension", text("1003"))]);
    assert_eq!(
        touched(vec![
            set("queues.new", new),
            set("users.anna.name", text("A"))
        ]),
        []
    );
}

#[test]
fn it_is_known_whether_a_configuration_was_made_of_the_files() {
    let sandbox = in_two_files();
    let acme = OrgId::new("acme").unwrap();
    let (loaded, files) = (sandbox.loaded(), read(&sandbox));
    assert!(loaded.is_made_of(&acme, &files));
    let wanted = change(&files, vec![set("queues.help.ring", text("20s"))]);
    let dir = sandbox.path("config");
    let changed = config::load_changed(&dir, &Environment::default(), &wanted).unwrap();
    assert!(changed.is_made_of(&acme, wanted.after()));
    assert!(!changed.is_made_of(&acme, &files));
    assert_eq!(warnings(&changed).len(), 0);
    land(&sandbox, &wanted).unwrap();
    assert!(!loaded.is_made_of(&acme, &read(&sandbox)));
    assert!(sandbox.loaded().is_made_of(&acme, wanted.after()));
}

#[test]
fn no_setting_of_an_organisation_takes_a_restart_today() {
    let paths = [keys("queues.sales.ring"), keys("organisation.domain")];
    assert_eq!(config::taking_a_restart(&paths), [""; 0]);
}
