//! The settings of opening hours.

use crate::hours::{Country, DATE, DAY_OF_MONTH, DAY_OF_YEAR, INTERVALS, WEEKDAYS, Worded, ZONE};
use crate::kinds::{Boolean, Choice, Either, List, Own, Text, Whole, Within, list, whole};
use crate::setting::{Optional, Required, Usually, heading, setting};
use calendar::{Date, DayOfMonth, DayOfYear, Eve, Interval, Weekday};

/// Rules of one schedule at most, and days that one of them names.
const RULES_MAX: usize = 100;
const NAMED_MAX: usize = 366;

/// Own days at most: ten years of every holiday.
const DAYS_MAX: usize = 400;

/// Calendar files of one schedule at most.
const FILES_MAX: usize = 16;

const HOLIDAYS_WORDS: [(&str, Country); 1] = [("sweden", Country::Sweden)];

heading! {
    hours "[hours.<name>]";
    ZONE: Optional<Own<String>> = setting(
        "zone",
        super::ZONE,
        "Whose clock counts, such as `\"Europe/Stockholm\"`.",
    )
    .unset("the organisation's");
    RULES: Required<List<Within>> = setting(
        "rules",
        list("list of rules", RULES_MAX, Within(&rule::HEADING)),
        "When it is open: by each of them. `[]` is never.",
    )
    .needed("write when it is: rules = [{ weekdays = [\"mon-fri\"], hours = [\"08:00-17:00\"] }]");
    HOLIDAYS: Optional<Choice<Country>> = setting(
        "holidays",
        Choice(&HOLIDAYS_WORDS),
        "Public holidays, of any year, are closed.",
    );
    EVES: Optional<List<Either>> = setting(
        "eves",
        list("list of eves", Eve::ALL.len(), EVE),
        "Days before holidays that are closed, or have the hours written with them: `trettondagsafton`, \
         `skärtorsdagen`, `påskafton`, `valborgsmässoafton`, `pingstafton`, `midsommarafton`, \
         `allhelgonaafton`, `julafton`, `nyårsafton`.",
    );
    SQUEEZE_DAYS: Optional<Own<Vec<Interval>>> = setting(
        "squeeze_days",
        INTERVALS,
        "A working day alone between days off (*klämdag*). Weekends, holidays and the eves of Midsummer, \
         Christmas and New Year are days off.",
    )
    .unset("ordinary days");
    DAYS: Optional<List<Either>> = setting(
        "days",
        list("list of days", DAYS_MAX, DAY),
        "Its own days: a date, or a table.",
    );
    IMPORT: Optional<List<Either>> = setting(
        "import",
        list("list of files", FILES_MAX, FILE),
        "Calendars that others keep (iCalendar, as Outlook and Google write it), up to 16 of 2 MB: their \
         whole days are closed. `{ file = \"…\", hours = […], name = \"…\", message = \"…\" }` says more of \
         them. What has clock times changes nothing.",
    );
}

heading! {
    /// Which days something is about.
    recurrence "recurrence", one of DAILY WEEKDAYS MONTHLY YEARLY;
    DAILY: Optional<Boolean> = setting(
        "daily",
        Boolean,
        "Each day.",
    )
    .unset("");
    WEEKDAYS: Optional<List<Own<Worded<Vec<Weekday>>>>> = setting(
        "weekdays",
        list("list of days", NAMED_MAX, super::WEEKDAYS),
        "`\"mon-fri\"`, `\"sat\"`.",
    )
    .unset("");
    MONTHLY: Optional<List<Own<Worded<DayOfMonth>>>> = setting(
        "monthly",
        list("list of days", NAMED_MAX, DAY_OF_MONTH),
        "`15`, `\"last\"`, `\"first monday\"`, `\"last weekday\"` (Monday to Friday).",
    )
    .unset("");
    YEARLY: Optional<List<Own<Worded<DayOfYear>>>> = setting(
        "yearly",
        list("list of days", NAMED_MAX, DAY_OF_YEAR),
        "`\"12-24\"` (month and day), `\"easter+39\"`, `\"last friday of november\"`.",
    )
    .unset("");
    EVERY: Usually<Whole> = setting(
        "every",
        whole(1..=366),
        "Only every so many days, weeks, months or years, counted from `from`.",
    )
    .or(|| 1);
    FROM: Optional<Own<Date>> = setting(
        "from",
        DATE,
        "Not before that day.",
    )
    .unset("");
    UNTIL: Optional<Own<Date>> = setting(
        "until",
        DATE,
        "Not after it.",
    )
    .unset("");
}

heading! {
    rule "[hours.<name>] rules", also recurrence;
    HOURS: Required<Own<Vec<Interval>>> = setting(
        "hours",
        INTERVALS,
        "When it is open on them.",
    )
    .needed("say when it is open on them: hours = [\"08:00-17:00\"]");
}

/// Eves by what they are called.
pub(crate) const EVES: [(&str, Eve); Eve::ALL.len()] = {
    let mut named = [("", Eve::ALL[0].0); Eve::ALL.len()];
    let mut index = 0;
    while index < Eve::ALL.len() {
        let (eve, name) = Eve::ALL[index];
        named[index] = (name, eve);
        index += 1;
    }
    named
};

const EVE: Either = Either {
    one: &Choice(&EVES),
    other: &Within(&eve::HEADING),
};

heading! {
    eve "[hours.<name>] eves";
    DAY: Required<Choice<Eve>> = setting(
        "day",
        Choice(&EVES),
        "Which.",
    )
    .needed("say which: day = \"julafton\"");
    HOURS: Optional<Own<Vec<Interval>>> = setting(
        "hours",
        INTERVALS,
        "When it is open on it.",
    )
    .unset("closed");
}

const DAY: Either = Either {
    one: &DATE,
    other: &Within(&day::HEADING),
};

heading! {
    day "[hours.<name>] days", also own_day recurrence, one of DATE;
    DATE: Optional<Own<Date>> = setting(
        "date",
        super::DATE,
        "Which day; or several, in the words of rules:",
    )
    .unset("");
}

heading! {
    /// What is special about a day.
    own_day "own-day";
    NAME: Optional<Text> = setting(
        "name",
        Text("text"),
        "What it is called.",
    );
    HOURS: Optional<Own<Vec<Interval>>> = setting(
        "hours",
        INTERVALS,
        "When it is open on it.",
    )
    .unset("closed");
    MESSAGE: Optional<Text> = setting(
        "message",
        Text("prompt"),
        "What callers hear on it while it is closed, instead of `holiday` of a queue, or of a route's \
         message.",
    );
}

const FILE: Either = Either {
    one: &Text("path"),
    other: &Within(&import::HEADING),
};

heading! {
    import "[hours.<name>] import", also own_day;
    FILE: Required<Text> = setting(
        "file",
        Text("path"),
        "The calendar's file.",
    )
    .needed("name it: file = \"holidays.ics\"");
}
