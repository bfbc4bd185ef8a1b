//! Tables for spreadsheets, as CSV (RFC 4180).

/// A field that spreadsheets take for what it is: what begins as a formula does is made a text.
pub fn quoted(field: &str) -> String {
    let is_number = field.strip_prefix('+').is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    });
    let is_formula = !is_number && field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    let field = format!("{guard}{field}");
    match field.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field,
    }
}

/// A line of them.
pub(crate) fn line<'f>(fields: impl IntoIterator<Item = &'f str>) -> String {
    let fields: Vec<String> = fields.into_iter().map(quoted).collect();
    fields.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_begins_as_a_formula_is_a_text_and_a_number_is_none() {
        for (field, written) in [
            ("=1+1", "'=1+1"),
            ("@cmd", "'@cmd"),
            ("-1,2", "\"'-1,2\""),
            ("+46701234567", "+46701234567"),
            ("+46;=1", "'+46;=1"),
            ("sa \"hej\"", "\"sa \"\"hej\"\"\""),
            ("plain", "plain"),
        ] {
            assert_eq!(quoted(field), written);
        }
        assert_eq!(line(["a", "b,c"]), "a,\"b,c\"\r\n");
    }
}
