//! The store on real files and on PostgreSQL. What holds for both is tested on both; `postgresql` starts a server of its own
//! for each test.

#![allow(clippy::unwrap_used, reason = "a test")]

mod agents;
mod audit;
mod callbacks;
mod calls;
mod cluster;
mod files;
mod full;
mod journal;
mod late;
mod place;
mod postgresql;
mod promises;
mod rows;

/// Makes a test on an SQLite file and one on PostgreSQL of each scenario: a function of a [`place::Place`].
macro_rules! on_both {
    ($($scenario:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::place::Place::file()).await;
            })*
        }
        mod on_postgresql {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::place::Place::postgres().await).await;
            })*
        }
    };
}
pub(crate) use on_both;
