//! A setting, declared once: its key, what may stand there, what holds where nothing does, what it means and when
//! a change is taken up. Readers take settings by these declarations, and the reference, the schema for editors and
//! the errors on unknown keys are made of the same. The declarations themselves are in `settings`.

use crate::kinds::{Kind, List, Named, Shape, Shown, Within};

/// When a running server goes by a changed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakenUp {
    /// With the reload.
    Reloaded,
    /// When it is started again.
    Restarted,
}

/// One setting: `D` says what holds where it isn't written.
#[derive(Clone, Copy)]
pub(crate) struct Setting<K, D = Unset> {
    pub(crate) key: &'static str,
    pub(crate) kind: K,
    pub(crate) otherwise: D,
    meaning: &'static str,
    taken_up: TakenUp,
}

/// Nothing holds, or what these words say.
#[derive(Clone, Copy)]
pub(crate) struct Unset(&'static str);

/// This value holds.
pub(crate) struct Usual<T>(pub(crate) fn() -> T);

/// It has to be written; with the mend where it isn't.
#[derive(Clone, Copy)]
pub(crate) struct Needed(pub(crate) &'static str);

impl<T> Clone for Usual<T> {
    fn clone(&self) -> Usual<T> {
        *self
    }
}

impl<T> Copy for Usual<T> {}

/// A setting that may be left out.
pub(crate) type Optional<K> = Setting<K, Unset>;

/// One with a value of its own where it is left out.
pub(crate) type Usually<K> = Setting<K, Usual<<K as Kind>::Value>>;

/// A list with items of its own where it is left out.
pub(crate) type UsuallyMany<K> = Setting<List<K>, Usual<Vec<<K as Kind>::Value>>>;

/// One that has to be written.
pub(crate) type Required<K> = Setting<K, Needed>;

/// The setting `key`, which means `meaning`, a sentence or more in the words of the reference.
pub(crate) const fn setting<K: Copy>(
    key: &'static str,
    kind: K,
    meaning: &'static str,
) -> Optional<K> {
    Setting {
        key,
        kind,
        otherwise: Unset("none"),
        meaning,
        taken_up: TakenUp::Reloaded,
    }
}

/// A section, which a heading of its own in the reference says all about.
pub(crate) const fn section(key: &'static str, heading: &'static Heading) -> Optional<Within> {
    setting(key, Within(heading), "")
}

/// The same of one with tables of the writer's own names in it.
pub(crate) const fn sections(key: &'static str, heading: &'static Heading) -> Optional<Named> {
    sections_by(key, Named::tables(heading))
}

/// The same with names of a form of their own.
pub(crate) const fn sections_by(key: &'static str, named: Named) -> Optional<Named> {
    setting(key, named, "")
}

impl<K: Copy> Setting<K, Unset> {
    /// Says in words what holds where it isn't written; nothing where there is no telling.
    pub(crate) const fn unset(self, words: &'static str) -> Optional<K> {
        self.fallback(Unset(words))
    }

    /// Gives the value that holds where it isn't written.
    pub(crate) const fn or<T>(self, usual: fn() -> T) -> Setting<K, Usual<T>> {
        self.fallback(Usual(usual))
    }

    /// Says that it has to be written, and how to mend it where it isn't.
    pub(crate) const fn needed(self, mend: &'static str) -> Required<K> {
        self.fallback(Needed(mend))
    }

    const fn fallback<D: Copy>(self, otherwise: D) -> Setting<K, D> {
        Setting {
            key: self.key,
            kind: self.kind,
            otherwise,
            meaning: self.meaning,
            taken_up: self.taken_up,
        }
    }
}

impl<K: Copy, D: Copy> Setting<K, D> {
    /// Says that a running server does not take a change up.
    pub(crate) const fn restart(self) -> Setting<K, D> {
        Setting {
            taken_up: TakenUp::Restarted,
            ..self
        }
    }
}

/// A setting, whatever its type.
pub(crate) trait Declared: Sync {
    fn key(&self) -> &'static str;
    fn shape(&self) -> &dyn Shape;
    fn meaning(&self) -> &'static str;
    fn taken_up(&self) -> TakenUp;
    /// The value that holds where it isn't written, as TOML.
    fn usual(&self) -> Option<String>;
    /// What is said in its place.
    fn usual_in_words(&self) -> &'static str;
    fn is_needed(&self) -> bool;
}

impl<K: Shape, D: Otherwise<K>> Declared for Setting<K, D> {
    fn key(&self) -> &'static str {
        self.key
    }

    fn shape(&self) -> &dyn Shape {
        &self.kind
    }

    fn meaning(&self) -> &'static str {
        self.meaning
    }

    fn taken_up(&self) -> TakenUp {
        self.taken_up
    }

    fn usual(&self) -> Option<String> {
        self.otherwise.value(&self.kind)
    }

    fn usual_in_words(&self) -> &'static str {
        self.otherwise.words()
    }

    fn is_needed(&self) -> bool {
        self.otherwise.is_needed()
    }
}

/// What holds where a setting of the kind `K` isn't written.
pub(crate) trait Otherwise<K>: Sync {
    fn value(&self, _kind: &K) -> Option<String> {
        None
    }

    fn words(&self) -> &'static str {
        ""
    }

    fn is_needed(&self) -> bool {
        false
    }
}

impl<K> Otherwise<K> for Unset {
    fn words(&self) -> &'static str {
        self.0
    }
}

impl<K> Otherwise<K> for Needed {
    fn is_needed(&self) -> bool {
        true
    }
}

impl<K: Shown> Otherwise<K> for Usual<K::Value> {
    fn value(&self, kind: &K) -> Option<String> {
        Some(kind.shown(&(self.0)()))
    }
}

/// What may stand under one heading.
pub(crate) struct Heading {
    /// As the reference names it: `[queues.<name>]`.
    pub(crate) name: &'static str,
    /// What stands there, in the order of the reference.
    pub(crate) own: &'static [&'static dyn Declared],
    /// What may stand there too, and has a heading of its own in the reference.
    pub(crate) also: &'static [&'static Heading],
    /// Of these exactly one is written.
    pub(crate) ways: &'static [&'static dyn Declared],
}

impl Heading {
    /// All that may stand there.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &'static dyn Declared> + Clone {
        let also = self.also.iter().flat_map(|heading| heading.own);
        self.own.iter().chain(also).copied()
    }

    /// All of which exactly one is written.
    pub(crate) fn ways(&self) -> impl Iterator<Item = &'static dyn Declared> + Clone {
        let also = self.also.iter().flat_map(|heading| heading.ways);
        self.ways.iter().chain(also).copied()
    }

    /// Where its settings are, as a path is written: `queues.closed` for `[queues.<name>.closed]`, nothing for a file.
    pub(crate) fn path(&self) -> String {
        match self.name.ends_with(".toml") {
            true => String::new(),
            false => self
                .name
                .replace(".<name>", "")
                .replace("] ", ".")
                .replace(['[', ']'], ""),
        }
    }
}

/// Declares what stands under a heading, in a module of its own: each setting as a constant, and all of them as
/// `HEADING`.
macro_rules! heading {
    (
        $(#[$about:meta])*
        $module:ident $name:literal $(, also $($also:ident)+)? $(, one of $($way:ident)+)?;
        $($setting:ident: $kind:ty = $declared:expr;)*
    ) => {
        $(#[$about])*
        pub(crate) mod $module {
            #[allow(unused_imports, reason = "which of them depends on the settings")]
            use super::*;
            $(pub(crate) const $setting: $kind = $declared;)*
            pub(crate) static HEADING: $crate::setting::Heading = $crate::setting::Heading {
                name: $name,
                own: &[$(&$setting),*],
                also: &[$($(&super::$also::HEADING),+)?],
                ways: &[$($(&$way),+)?],
            };
        }
    };
}
pub(crate) use heading;
