//! The report of licences, for people and for whoever makes bills.

use crate::ctl::tables::table;
use crate::documents::{BilledRow, BilledTo, LicenceReport};
use std::fmt::Write;

/// As a table, with sums.
pub(crate) fn text(report: &LicenceReport) -> String {
    let fee = |starts: bool| if starts { "start fee" } else { "" };
    let rows = report.rows.iter().map(|row| {
        [
            match &row.to {
                BilledTo::User(user) => user.to_string(),
                BilledTo::Queue(queue) => queue.to_string(),
            },
            row.licence.clone(),
            row.activated.clone(),
            fee(row.start_fee).to_owned(),
            row.ended.clone().unwrap_or_default(),
        ]
    });
    let nobody = format!("Nobody is billed for Kö Plus in {}.\n", report.month);
    let head = ["user or queue", "licence", "activated", "fee", "ended"];
    let mut text = table(head, rows, &nobody);
    if !report.rows.is_empty() {
        let starts = report.rows.iter().filter(|row| row.start_fee).count();
        let is_queue = |row: &&BilledRow| matches!(row.to, BilledTo::Queue(_));
        let queues = report.rows.iter().filter(is_queue).count();
        let (users, month) = (report.rows.len() - queues, &report.month);
        let calling = match queues {
            0 => String::new(),
            1 => " and 1 queue that calls back".to_owned(),
            many => format!(" and {many} queues that call back"),
        };
        let _ = writeln!(
            text,
            "{month}: {users} licences{calling}, {starts} of them with a start fee"
        );
    }
    text
}

/// As CSV (RFC 4180).
pub(crate) fn csv(report: &LicenceReport) -> String {
    web::LicenceReport::from(report.clone()).csv()
}
