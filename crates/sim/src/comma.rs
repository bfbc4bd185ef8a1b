//! A log as a table, as spreadsheets and other programs write it: first a line with the names of the columns, which are
//! the keys of the other kind of log in any order, then a row a line. Values stand between commas, or between semicolons
//! and then with a decimal comma where one likes; in quotes where they hold such themselves (RFC 4180 §2). An empty value
//! is one that is not there. The queues of one row are told apart by spaces.

use crate::log::{LogError, Numbered, ROWS_MAX, Written};
use serde_json::{Map, Number, Value};

/// The columns of numbers.
const NUMBERS: [&str; 5] = ["priority", "waited_s", "before_s", "talk_s", "wrap_up_s"];
/// The columns of words.
const WORDS: [&str; 5] = ["at", "queue", "agent", "end", "does"];
/// The column of several words.
const QUEUES: &str = "queues";

/// Reads rows, with the lines they stand in.
pub(crate) fn rows(text: &str) -> Result<Numbered, LogError> {
    // Spreadsheets put a byte order mark before the first name.
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let Some((index, head)) = lines.next() else {
        return Err(LogError::Empty);
    };
    let separator = if head.contains(';') { ';' } else { ',' };
    let wrong = |index: usize, problem: String| LogError::Line {
        line: index + 1,
        problem,
    };
    let columns = columns(head, separator).map_err(|problem| wrong(index, problem))?;
    let mut rows = Vec::new();
    for (index, line) in lines {
        if rows.len() == ROWS_MAX {
            return Err(LogError::TooLong);
        }
        let row = row(line, separator, &columns).map_err(|problem| wrong(index, problem))?;
        rows.push((index + 1, row));
    }
    Ok(rows)
}

fn columns(head: &str, separator: char) -> Result<Vec<String>, String> {
    let columns = values(head, separator)?;
    for column in &columns {
        let known = || NUMBERS.iter().chain(&WORDS).chain([&QUEUES]);
        if !known().any(|name| name == column) {
            let known: Vec<&str> = known().copied().collect();
            let known = known.join(", ");
            return Err(format!("expected columns of {known}, got {column:?}"));
        }
    }
    Ok(columns)
}

fn row(line: &str, separator: char, columns: &[String]) -> Result<Written, String> {
    let values = values(line, separator)?;
    if values.len() > columns.len() {
        let (most, came) = (columns.len(), values.len());
        return Err(format!("expected {most} values at most, got {came}"));
    }
    let mut row = Map::new();
    for (column, value) in columns.iter().zip(values) {
        if !value.is_empty() {
            row.insert(column.clone(), read(column, &value, separator)?);
        }
    }
    serde_json::from_value(Value::Object(row)).map_err(|error| error.to_string())
}

fn read(column: &str, value: &str, separator: char) -> Result<Value, String> {
    if column == QUEUES {
        return Ok(value.split_whitespace().map(Value::from).collect());
    }
    if !NUMBERS.contains(&column) {
        return Ok(Value::from(value));
    }
    let number = || format!("{column}: expected a number, got {value:?}");
    // A priority is a whole number, and stays one.
    if let Ok(whole) = value.parse::<u64>() {
        return Ok(Value::from(whole));
    }
    let with_point = match separator {
        ';' => value.replace(',', "."),
        _ => value.to_owned(),
    };
    let parsed: f64 = with_point.parse().map_err(|_| number())?;
    Ok(Value::Number(Number::from_f64(parsed).ok_or_else(number)?))
}

/// The values of a line, without their quotes.
fn values(line: &str, separator: char) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    let mut value = String::new();
    let mut in_quotes = false;
    let mut rest = line.chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '"' if in_quotes => match rest.next_if_eq(&'"') {
                Some(quote) => value.push(quote),
                None => in_quotes = false,
            },
            '"' if value.trim().is_empty() => in_quotes = true,
            _ if next == separator && !in_quotes => values.push(std::mem::take(&mut value)),
            _ => value.push(next),
        }
    }
    if in_quotes {
        return Err("expected a quote at the end".to_owned());
    }
    values.push(value);
    Ok(values.iter().map(|value| value.trim().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use crate::log::Recording;

    const LINES: &str = r#"{"at":"2026-11-27T08:10:00Z","agent":"demo/anna","does":"log-in","queues":["demo/support","demo/kontor"]}
{"at":"2026-11-27T08:12:00.5Z","queue":"demo/support","agent":"demo/anna","priority":2,"waited_s":12.25,"before_s":3.0,"end":"answered","talk_s":60.0,"wrap_up_s":5.0}
{"at":"2026-11-27T08:13:00Z","queue":"demo/support","waited_s":30.0,"end":"abandoned"}
"#;

    #[test]
    fn a_table_is_read_as_the_same_log() {
        let expected = Recording::read(LINES).unwrap();
        let commas = "at,queue,agent,priority,waited_s,before_s,end,talk_s,wrap_up_s,does,queues\r\n\
            2026-11-27T08:10:00Z,,demo/anna,,,,,,,log-in,demo/support demo/kontor\r\n\
            \r\n\
            2026-11-27T08:12:00.5Z,demo/support,demo/anna,2,12.25,3,answered,60,5,,\r\n\
            2026-11-27T08:13:00Z,\"demo/support\",,,30.0,,\"abandoned\"\r\n";
        assert_eq!(Recording::read(commas).unwrap(), expected);
        let semicolons = commas.replace(',', ";").replace("12.25", "12,25");
        let with_mark = format!("\u{feff}{semicolons}");
        assert_eq!(Recording::read(&with_mark).unwrap(), expected);
    }

    #[test]
    fn what_is_no_table_is_told_with_its_line() {
        for (text, words) in [
            (
                "nonsense\n",
                "line 1: expected columns of priority, waited_s",
            ),
            ("at,waited_s\n\nyesterday,3", "line 3: "),
            (
                "at,waited_s\n1,soon",
                "line 2: waited_s: expected a number, got \"soon\"",
            ),
            ("at,end\n1,2,3", "line 2: expected 2 values at most, got 3"),
            ("at,end\n1,\"2", "line 2: expected a quote at the end"),
            (
                "at,queue,waited_s,end\n2026-11-27T08:10:00Z,d/s,1,vanished",
                "line 2: unknown variant",
            ),
            ("at,queue\n", "tells of none"),
        ] {
            let error = Recording::read(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
