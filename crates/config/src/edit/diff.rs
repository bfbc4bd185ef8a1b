//! What differs between two texts, line by line, as people read it: what goes and what comes, with some lines around.

/// Lines around what differs.
const CONTEXT: usize = 3;

/// So many lines may come and go before it is no longer looked for which of them are the same: reading such a change is
/// helped by nothing, and looking takes the square of it.
const DIFFERENT_MAX: usize = 1_000;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// It stays.
    Same,
    /// It goes.
    Removed,
    /// It comes.
    Added,
}

/// A line of what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// What becomes of it.
    pub kind: LineKind,
    /// Its number, from 1: in the old text if it goes, in the new one otherwise.
    pub line: usize,
    /// What it says, without its end.
    pub text: String,
}

/// What differs, with the lines around it.
pub(super) fn diff(old: &str, new: &str) -> Vec<DiffLine> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let all = all(&old, &new);
    let is_near = |at: usize| {
        let around = at.saturating_sub(CONTEXT)..all.len().min(at + CONTEXT + 1);
        all[around].iter().any(|line| line.kind != LineKind::Same)
    };
    let near = (0..all.len()).filter(|at| is_near(*at));
    near.map(|at| all[at].clone()).collect()
}

fn all(old: &[&str], new: &[&str]) -> Vec<DiffLine> {
    let line = |kind, index: usize, text: &str| DiffLine {
        kind,
        line: index + 1,
        text: text.to_owned(),
    };
    let before = old
        .iter()
        .zip(new)
        .take_while(|(one, other)| one == other)
        .count();
    let (rest_old, rest_new) = (&old[before..], &new[before..]);
    let pairs = rest_old.iter().rev().zip(rest_new.iter().rev());
    let after = pairs.take_while(|(one, other)| one == other).count();
    let (old_end, new_end) = (old.len() - after, new.len() - after);
    let mut lines = Vec::new();
    let same = |at: usize| line(LineKind::Same, at, new[at]);
    lines.extend((0..before).map(same));
    let (mut x, mut y) = (before, before);
    for (same_x, same_y) in common(&old[before..old_end], &new[before..new_end]) {
        let (to_x, to_y) = (same_x + before, same_y + before);
        lines.extend((x..to_x).map(|at| line(LineKind::Removed, at, old[at])));
        lines.extend((y..to_y).map(|at| line(LineKind::Added, at, new[at])));
        lines.push(same(to_y));
        (x, y) = (to_x + 1, to_y + 1);
    }
    lines.extend((x..old_end).map(|at| line(LineKind::Removed, at, old[at])));
    lines.extend((y..new_end).map(|at| line(LineKind::Added, at, new[at])));
    lines.extend((new_end..new.len()).map(same));
    lines
}

/// The places of lines that stay, in both, by the shortest way from one to the other (Myers, "An O(ND) Difference Algorithm
/// and Its Variations", 1986); none where that is too long.
fn common(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let most = (old.len() + new.len()).min(DIFFERENT_MAX);
    let (n, m) = (old.len() as isize, new.len() as isize);
    // How far along `old` one comes on each diagonal, `x - y`, with so many differences.
    let middle = most as isize + 1;
    let mut furthest = vec![0_isize; 2 * middle as usize + 1];
    let mut steps: Vec<Vec<isize>> = Vec::new();
    for d in 0..=most as isize {
        steps.push(furthest[(middle - d) as usize..=(middle + d) as usize].to_vec());
        for k in (-d..=d).step_by(2) {
            let at = |k: isize| furthest[(middle + k) as usize];
            let down = k == -d || (k != d && at(k - 1) < at(k + 1));
            let mut x = if down { at(k + 1) } else { at(k - 1) + 1 };
            while x < n && x - k < m && old[x as usize] == new[(x - k) as usize] {
                x += 1;
            }
            furthest[(middle + k) as usize] = x;
            if x >= n && x - k >= m {
                return way_back(&steps, (n, m));
            }
        }
    }
    Vec::new()
}

/// The same lines along the way that led to the end, the first first. `steps[d]` is how far one had come with fewer than `d`
/// differences, on the diagonals from `-d` to `d`.
fn way_back(steps: &[Vec<isize>], (mut x, mut y): (isize, isize)) -> Vec<(usize, usize)> {
    let mut same = Vec::new();
    for (d, furthest) in steps.iter().enumerate().rev() {
        let d = d as isize;
        let (from_x, from_y) = match d {
            0 => (0, 0),
            _ => {
                let at = |k: isize| furthest.get((k + d) as usize).copied().unwrap_or(0);
                let k = x - y;
                let down = k == -d || (k != d && at(k - 1) < at(k + 1));
                let before = if down { k + 1 } else { k - 1 };
                (at(before), at(before) - before)
            }
        };
        while x > from_x && y > from_y {
            (x, y) = (x - 1, y - 1);
            same.push((x as usize, y as usize));
        }
        (x, y) = (from_x, from_y);
    }
    same.reverse();
    same
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(old: &str, new: &str) -> String {
        let lines = diff(old, new).into_iter().map(|line| {
            let sign = match line.kind {
                LineKind::Same => ' ',
                LineKind::Removed => '-',
                LineKind::Added => '+',
            };
            format!("{sign}{}{}|", line.line, line.text)
        });
        lines.collect()
    }

    #[test]
    fn what_differs_is_told_with_three_lines_around() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\n";
        assert_eq!(told(old, old), "");
        assert_eq!(
            told(old, &old.replace('e', "E")),
            " 2b| 3c| 4d|-5e|+5E| 6f| 7g| 8h|"
        );
        assert_eq!(told("a\nb\n", "a\nx\nb\n"), " 1a|+2x| 3b|");
        assert_eq!(told("", "a\n"), "+1a|");
        assert_eq!(told("a\n", ""), "-1a|");
    }

    #[test]
    fn a_text_of_other_lines_is_told_as_that() {
        let of = |word: &str| {
            (0..5_000)
                .map(|n| format!("{word}{n}\n"))
                .collect::<String>()
        };
        let lines = diff(&of("a"), &of("b"));
        assert_eq!(lines.len(), 10_000);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn both_texts_can_be_read_out_of_it_and_no_shorter_way_is_left_out(
            old in prop::collection::vec(0..4_u8, 0..30),
            new in prop::collection::vec(0..4_u8, 0..30),
        ) {
            let words = |numbers: &[u8]| numbers.iter().map(u8::to_string).collect::<Vec<_>>();
            let (old, new) = (words(&old), words(&new));
            let refs = |words: &'_ [String]| words.iter().map(|word| word.to_owned()).collect::<Vec<String>>();
            let (of_old, of_new) = (refs(&old), refs(&new));
            let (slices_old, slices_new): (Vec<&str>, Vec<&str>) = (
                of_old.iter().map(String::as_str).collect(),
                of_new.iter().map(String::as_str).collect(),
            );
            let lines = all(&slices_old, &slices_new);
            let without = |gone: LineKind| {
                let left = lines.iter().filter(|line| line.kind != gone);
                left.map(|line| line.text.clone()).collect::<Vec<_>>()
            };
            prop_assert_eq!(without(LineKind::Added), old.clone());
            prop_assert_eq!(without(LineKind::Removed), new.clone());
            let same = lines.iter().filter(|line| line.kind == LineKind::Same).count();
            prop_assert_eq!(same, longest_common(&old, &new));
            for line in &lines {
                let text = if line.kind == LineKind::Removed { &old } else { &new };
                prop_assert_eq!(&text[line.line - 1], &line.text);
            }
        }
    }

    /// By the book, and slow.
    fn longest_common(old: &[String], new: &[String]) -> usize {
        let mut row = vec![0; new.len() + 1];
        for one in old {
            let mut next = vec![0; new.len() + 1];
            for (at, other) in new.iter().enumerate() {
                next[at + 1] = match one == other {
                    true => row[at] + 1,
                    false => next[at].max(row[at + 1]),
                };
            }
            row = next;
        }
        row[new.len()]
    }
}
