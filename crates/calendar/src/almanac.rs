//! The Swedish calendar computed a second time for tests, by rules of other people's: Easter by Gauss (1800, as he mended it in
//! 1816), days of the week by Zeller (1882). Shares no line with the calendar itself.

/// A month and a day.
pub(crate) type Day = (i32, i32);

/// Easter Sunday, by Gauss: counted in days of March, so that 32 is 1 April.
pub(crate) fn easter_of_gauss(year: i32) -> i32 {
    let (a, b, c) = (year % 19, year % 4, year % 7);
    let (k, q) = (year / 100, year / 400);
    let p = (13 + 8 * k) / 25;
    let m = (15 - p + k - q) % 30;
    let n = (4 + k - q) % 7;
    let d = (19 * a + m) % 30;
    let e = (2 * b + 4 * c + 6 * d + n) % 7;
    match (d, e) {
        (29, 6) => 50,
        (28, 6) if (11 * m + 11) % 30 < 19 => 49,
        _ => 22 + d + e,
    }
}

/// The month and day so many days into March.
pub(crate) fn of_march(mut day: i32) -> Day {
    let mut month = 3;
    for length in [31, 30, 31, 30] {
        if day <= length {
            break;
        }
        day -= length;
        month += 1;
    }
    (month, day)
}

/// The day of the week by Zeller: 0 is Saturday, 1 Sunday.
pub(crate) fn weekday_of_zeller(year: i32, (month, day): Day) -> i32 {
    // January and February are the last of the year before.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 12),
        _ => (year, month),
    };
    let (century, of_century) = (year / 100, year % 100);
    (day + 13 * (month + 1) / 5 + of_century + of_century / 4 + century / 4 + 5 * century) % 7
}

/// The public holidays of a year, as the law on them says (1989:253), with the two days that are always Sundays.
pub(crate) fn swedish_holidays(year: i32) -> Vec<(Day, &'static str)> {
    let easter = easter_of_gauss(year);
    let saturday = |days: [Day; 7]| {
        let found = days
            .into_iter()
            .find(|day| weekday_of_zeller(year, *day) == 0);
        found.expect("one of seven days is a Saturday")
    };
    let midsummer = std::array::from_fn(|n| (6, 20 + n as i32));
    let saints = std::array::from_fn(|n| match n {
        0 => (10, 31),
        n => (11, n as i32),
    });
    let mut days = vec![
        ((1, 1), "nyårsdagen"),
        ((1, 6), "trettondedag jul"),
        (of_march(easter - 2), "långfredagen"),
        (of_march(easter), "påskdagen"),
        (of_march(easter + 1), "annandag påsk"),
        ((5, 1), "första maj"),
        (of_march(easter + 39), "Kristi himmelsfärdsdag"),
        (of_march(easter + 49), "pingstdagen"),
        ((6, 6), "Sveriges nationaldag"),
        (saturday(midsummer), "midsommardagen"),
        (saturday(saints), "alla helgons dag"),
        ((12, 25), "juldagen"),
        ((12, 26), "annandag jul"),
    ];
    days.sort_unstable();
    days
}
