//! One key of a TOML text set or removed, with everything else as it stood: comments, order, line ends.
//! A comment beside a key that goes stays in its place; what stands inside of a value or a table that
//! goes, goes with it.

use toml_edit::{
    Array, ArrayOfTables, Decor, DocumentMut, Item, Key, RawString, Table, TableLike, Value,
};

/// Why a text can't be edited this way, though it is TOML and has the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// Written back, it would not be what it was: lines ended in two ways, for one.
    NotKept,
    /// What is to become a value is a table with a header, or with points in its keys.
    IsTable,
    /// What is to become a table is a value.
    IsValue,
    /// An inline table over several lines with comments in it.
    CommentsInside,
    /// Nothing stands there under a header of its own.
    NothingToRemove,
}

/// `text` with `value` at `path`. The first `headers` of its keys are tables with headers where they are made anew.
pub(super) fn set(
    text: &str,
    path: &[String],
    headers: usize,
    value: Value,
) -> Result<String, Hindrance> {
    let mut draft = Draft::of(text)?;
    draft.set(path, headers, value)?;
    Ok(draft.text())
}

/// `text` without what stands at `path`.
pub(super) fn unset(text: &str, path: &[String]) -> Result<String, Hindrance> {
    let mut draft = Draft::of(text)?;
    draft.unset(path)?;
    Ok(draft.text())
}

/// Stands at the beginning of some files.
const MARK: char = '\u{feff}';

/// A text between reading and writing, which knows one kind of line end and no byte order mark.
#[derive(Clone)]
pub(super) struct Draft {
    document: DocumentMut,
    has_mark: bool,
    has_returns: bool,
}

impl Draft {
    pub(super) fn of(text: &str) -> Result<Draft, Hindrance> {
        let body = text.strip_prefix(MARK).unwrap_or(text);
        let mut plain = body.replace("\r\n", "\n");
        let lines = body.matches("\r\n").count();
        if lines > 0 && lines != plain.matches('\n').count() {
            return Err(Hindrance::NotKept);
        }
        if !plain.is_empty() && !plain.ends_with('\n') {
            plain.push('\n');
        }
        let document: DocumentMut = plain.parse().map_err(|_| Hindrance::NotKept)?;
        if document.to_string() != plain {
            return Err(Hindrance::NotKept);
        }
        Ok(Draft {
            document,
            has_mark: body.len() < text.len(),
            has_returns: lines > 0,
        })
    }

    pub(super) fn text(&self) -> String {
        let mut written = self.document.to_string();
        if self.has_returns {
            written = written.replace('\n', "\r\n");
        }
        if self.has_mark {
            written.insert(0, MARK);
        }
        written
    }

    /// What stands at `path`.
    pub(super) fn at(&self, path: &[String]) -> Option<&Item> {
        let mut item = self.document.as_item();
        for key in path {
            item = item.get(key)?;
        }
        Some(item)
    }

    /// So many of the keys lead to something.
    pub(super) fn depth(&self, path: &[String]) -> usize {
        let is_there = |depth: &usize| self.at(&path[..*depth]).is_some();
        (0..=path.len()).rev().find(is_there).unwrap_or(0)
    }

    pub(super) fn set(
        &mut self,
        path: &[String],
        headers: usize,
        value: Value,
    ) -> Result<(), Hindrance> {
        let is_replaced = matches!(self.at(path), Some(Item::Value(_)));
        put(self.document.as_table_mut(), path, headers, value)?;
        match is_replaced {
            true => Ok(()),
            false => self.settle(),
        }
    }

    pub(super) fn unset(&mut self, path: &[String]) -> Result<(), Hindrance> {
        remove(&mut self.document, path)?;
        self.settle()
    }

    /// What came and went has its place in the order of the text, for the next edit to go by.
    fn settle(&mut self) -> Result<(), Hindrance> {
        let text = self.document.to_string();
        self.document = text.parse().map_err(|_| Hindrance::NotKept)?;
        Ok(())
    }
}

fn put(
    table: &mut dyn TableLike,
    path: &[String],
    headers: usize,
    value: Value,
) -> Result<(), Hindrance> {
    let Some((key, rest)) = path.split_first() else {
        return Err(Hindrance::IsTable);
    };
    if rest.is_empty() {
        return place(table, key, headers > 0, value);
    }
    if !table.contains_key(key) {
        table.insert(key, empty(headers));
        tidy(table.get_mut(key));
    }
    let inner = table.get_mut(key).ok_or(Hindrance::IsValue)?;
    if has_comments_inside(inner) {
        return Err(Hindrance::CommentsInside);
    }
    let into = inner.as_table_like_mut().ok_or(Hindrance::IsValue)?;
    put(into, rest, headers.saturating_sub(1), value)?;
    tidy(table.get_mut(key));
    Ok(())
}

/// A table to put something in; one that only holds others needs no header.
fn empty(headers: usize) -> Item {
    match headers {
        0 => Item::Value(Value::InlineTable(toml_edit::InlineTable::new())),
        1 => Item::Table(Table::new()),
        _ => {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        }
    }
}

fn place(
    table: &mut dyn TableLike,
    key: &str,
    header: bool,
    mut value: Value,
) -> Result<(), Hindrance> {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            if let (Value::Array(old), Value::Array(new)) = (&*old, &mut value) {
                keep_elements(old, new);
            }
            *value.decor_mut() = old.decor().clone();
            *old = value;
            Ok(())
        }
        Some(Item::ArrayOfTables(old)) => match tables_like(old, &value) {
            Some(new) => {
                *old = new;
                Ok(())
            }
            None => Err(Hindrance::IsTable),
        },
        Some(Item::Table(_)) => Err(Hindrance::IsTable),
        Some(Item::None) | None => {
            let item = match value {
                Value::InlineTable(inline) if header => Item::Table(inline.into_table()),
                value => Item::Value(value),
            };
            table.insert(key, item);
            Ok(())
        }
    }
}

/// A list of tables with headers, each written as the one that stood in its place.
fn tables_like(old: &ArrayOfTables, value: &Value) -> Option<ArrayOfTables> {
    let new = value.as_array().filter(|new| !new.is_empty())?;
    let mut tables = ArrayOfTables::new();
    let last = old.iter().last().and_then(Table::position);
    for (index, value) in new.iter().enumerate() {
        let wanted = value.as_inline_table()?;
        let mut table = match old.get(index) {
            Some(table) => table.clone(),
            None => {
                let mut table = Table::new();
                table.set_position(last);
                table
            }
        };
        let gone = table.iter().map(|(key, _)| key.to_owned());
        let gone = gone.filter(|key| !wanted.contains_key(key));
        for key in gone.collect::<Vec<_>>() {
            table.remove(&key);
        }
        for (key, value) in wanted.iter() {
            // What is a table there is written as a value, which says the same.
            if table.get(key).is_some_and(|item| !item.is_value()) {
                table.remove(key);
            }
            let mut value = value.clone();
            value.decor_mut().clear();
            place(&mut table, key, false, value).ok()?;
        }
        tables.push(table);
    }
    Some(tables)
}

/// A list over several lines stays one, and what is in it as before keeps its comments.
fn keep_elements(old: &Array, new: &mut Array) {
    if !old.to_string().contains('\n') {
        return;
    }
    let bare = |value: &Value| {
        let mut value = value.clone();
        value.decor_mut().clear();
        value.to_string()
    };
    let indent = old
        .iter()
        .find_map(|it| prefix(it.decor())?.rsplit_once('\n'));
    let indent = indent.map_or("\n    ".to_owned(), |(_, spaces)| format!("\n{spaces}"));
    let mut left: Vec<&Value> = old.iter().collect();
    let mut merged = Array::new();
    for value in new.iter() {
        let same = left.iter().position(|other| bare(other) == bare(value));
        merged.push_formatted(match same {
            Some(at) => left.remove(at).clone(),
            None => value.clone().decorated(indent.as_str(), ""),
        });
    }
    let lost = left.iter().filter_map(|it| prefix(it.decor()));
    let lost: String = lost.filter_map(comments).map(up_to_last_line).collect();
    merged.set_trailing(format!("{lost}{}", old.trailing().as_str().unwrap_or("\n")));
    merged.set_trailing_comma(old.trailing_comma());
    *new = merged;
}

/// Its last line end and what follows are the next one's own.
fn up_to_last_line(text: &str) -> &str {
    text.rsplit_once('\n').map_or(text, |(before, _)| before)
}

fn remove(document: &mut DocumentMut, path: &[String]) -> Result<(), Hindrance> {
    let Some((key, parents)) = path.split_last() else {
        return Err(Hindrance::NothingToRemove);
    };
    // Before the first header all is at the root.
    let mut position = -1;
    let mut item = document.as_item_mut();
    for parent in parents {
        item = item.get_mut(parent).ok_or(Hindrance::NothingToRemove)?;
        if has_comments_inside(item) {
            return Err(Hindrance::CommentsInside);
        }
        position = item
            .as_table()
            .and_then(Table::position)
            .unwrap_or(position);
    }
    if item.get(key).is_some_and(has_no_line_of_its_own) {
        return Err(Hindrance::NothingToRemove);
    }
    let Some(table) = item.as_table_mut() else {
        let inline = item.as_inline_table_mut();
        let removed = inline.and_then(|inline| inline.remove(key));
        tidy(Some(item));
        return removed.map(drop).ok_or(Hindrance::NothingToRemove);
    };
    let index = table.iter().position(|(name, _)| name == key);
    let (key, removed) = table.remove_entry(key).ok_or(Hindrance::NothingToRemove)?;
    if let Item::Table(removed) = &removed {
        position = removed.position().unwrap_or(position);
    }
    let kept = comments_beside(&key, &removed);
    let next = table.iter().skip(index.unwrap_or(0));
    let next = next.take(1).find(|(_, item)| item.is_value());
    let next = next.map(|(name, _)| name.to_owned());
    match next.and_then(|name| table.key_mut(&name)) {
        _ if kept.is_empty() => {}
        Some(mut next) if removed.is_value() => prepend(next.leaf_decor_mut(), &kept),
        _ => keep_after(document, position, &kept),
    }
    Ok(())
}

/// Whether it is a table that stands in the text only by the headers or keys of what is in it.
fn has_no_line_of_its_own(item: &Item) -> bool {
    match item {
        Item::Table(table) => table.is_implicit() || table.is_dotted(),
        Item::ArrayOfTables(_) => true,
        Item::None | Item::Value(_) => false,
    }
}

/// The comments before a key or header and behind it, each with its line end.
fn comments_beside(key: &Key, item: &Item) -> String {
    let (before, behind) = match item {
        Item::Table(table) => (prefix(table.decor()), suffix(table.decor())),
        item => (
            prefix(key.leaf_decor()),
            item.as_value().and_then(|value| suffix(value.decor())),
        ),
    };
    let before = before.and_then(comments).unwrap_or("");
    let before = match before.rsplit_once('\n') {
        Some((lines, _)) => format!("{lines}\n"),
        None => String::new(),
    };
    match behind.and_then(comments) {
        Some(behind) => format!("{before}{}\n", behind.trim()),
        None => before,
    }
}

/// What was beside the last thing of a table comes before the next header, or at the end.
fn keep_after(document: &mut DocumentMut, position: isize, kept: &str) {
    let next = header_after(document.as_table(), position);
    if next.is_some_and(|next| prepend_at(document.as_table_mut(), next, kept)) {
        return;
    }
    let trailing = document.trailing().as_str().unwrap_or("").to_owned();
    document.set_trailing(format!("{kept}{trailing}"));
}

fn header_after(table: &Table, position: isize) -> Option<isize> {
    let later = |table: &Table| {
        let own = table.position().filter(|_| !table.is_implicit());
        let own = own.filter(|own| *own > position);
        own.into_iter().chain(header_after(table, position)).min()
    };
    let next = table.iter().filter_map(|(_, item)| match item {
        Item::Table(table) => later(table),
        Item::ArrayOfTables(tables) => tables.iter().filter_map(later).min(),
        Item::None | Item::Value(_) => None,
    });
    next.min()
}

fn prepend_at(table: &mut Table, position: isize, kept: &str) -> bool {
    let mut at = |table: &mut Table| {
        if table.position() == Some(position) && !table.is_implicit() {
            prepend(table.decor_mut(), kept);
            return true;
        }
        prepend_at(table, position, kept)
    };
    table.iter_mut().any(|(_, item)| match item {
        Item::Table(table) => at(table),
        Item::ArrayOfTables(tables) => tables.iter_mut().any(&mut at),
        Item::None | Item::Value(_) => false,
    })
}

fn prepend(decor: &mut Decor, kept: &str) {
    let before = prefix(decor).unwrap_or("").to_owned();
    decor.set_prefix(format!("{kept}{before}"));
}

/// An inline table on one line is written with the usual spaces.
fn tidy(item: Option<&mut Item>) {
    if let Some(inline) = item.and_then(Item::as_inline_table_mut)
        && !inline.to_string().contains('\n')
    {
        inline.fmt();
    }
}

fn has_comments_inside(item: &Item) -> bool {
    let Some(inline) = item.as_inline_table() else {
        return false;
    };
    let text = inline.to_string();
    text.contains('\n') && text.contains('#')
}

fn prefix(decor: &Decor) -> Option<&str> {
    decor.prefix().and_then(RawString::as_str)
}

fn suffix(decor: &Decor) -> Option<&str> {
    decor.suffix().and_then(RawString::as_str)
}

fn comments(text: &str) -> Option<&str> {
    text.contains('#').then_some(text)
}
