//! Names like one that was typed: what somebody may have meant who mistyped a name that is there.
//!
//! More generous than the lint `alike-names`, because the one who typed is asked at once, and nothing comes of a wrong guess.

use strsim::osa_distance;

use crate::folding;

/// Letters of a name in which one edit is noticed, and in which two are.
const ONE_EDIT: usize = 4;
const TWO_EDITS: usize = 8;

/// Those of the names that look like the typed one, nearest first; never the typed one itself. Names with other numbers are others: `day-11` is not
/// `day-12`.
#[must_use]
pub fn alike<'n>(typed: &str, names: impl IntoIterator<Item = &'n String>) -> Vec<&'n String> {
    let typed = Looks::of(typed);
    let near = names.into_iter().filter_map(|name| Some((typed.distance(&Looks::of(name))?, name)));
    let mut near: Vec<(usize, &String)> = near.filter(|(_, name)| **name != typed.name).collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, name)| name).collect()
}

/// Whether a name has the typed letters in it, or begins nearly so: `yerv` and `Yèrevan/mod`. An empty text is in every name.
#[must_use]
pub fn has_in_it(name: &str, typed: &str) -> bool {
    let (name, typed) = (folding::look(name), folding::look(typed));
    name.contains(&typed) || begins_nearly(&name, &typed)
}

/// Whether a name begins with the typed letters but for one edit.
fn begins_nearly(name: &str, typed: &str) -> bool {
    let count = typed.chars().count();
    let beginning = |letters: usize| name.chars().take(letters).collect::<String>();
    let near = |letters: usize| osa_distance(&beginning(letters), typed) <= 1;
    count >= ONE_EDIT && folding::numbers(typed).is_empty() && [count - 1, count, count + 1].into_iter().any(near)
}

struct Looks {
    name: String,
    look: String,
    words: Vec<String>,
}

impl Looks {
    fn of(name: &str) -> Self {
        let mut words = folding::words(name);
        words.sort_unstable();
        Self { name: name.to_owned(), look: folding::look(name), words }
    }

    /// How far apart two names are, if they are near: nothing for those that look the same.
    fn distance(&self, other: &Self) -> Option<usize> {
        if folding::numbers(&self.name) != folding::numbers(&other.name) {
            return None;
        }
        if self.look == other.look || self.words == other.words {
            return Some(0);
        }
        let letters = self.look.chars().count().min(other.look.chars().count());
        let edits = if letters >= TWO_EDITS { 2 } else { usize::from(letters >= ONE_EDIT) };
        Some(osa_distance(&self.look, &other.look)).filter(|distance| *distance <= edits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_meant() {
        let known: Vec<String> =
            ["yerevan", "baku", "eu", "armenian-soldiers-wounded", "clash-2023-05-11"].map(str::to_owned).into();
        for (typed, expected) in [
            ("Yerevan", &["yerevan"][..]),
            ("yervan", &["yerevan"]),
            ("y\u{435}revan", &["yerevan"]),
            ("wounded armenian soldiers", &["armenian-soldiers-wounded"]),
            ("armenian_soldeirs_wounde", &["armenian-soldiers-wounded"]),
            ("yerevan", &[]),
            ("ue", &[]),
            ("clash-2023-05-12", &[]),
            ("paris", &[]),
        ] {
            assert_eq!(alike(typed, &known), expected, "{typed}");
        }
    }

    #[test]
    fn a_part_of_a_name_is_enough() {
        for (name, typed, expected) in [
            ("yerevan", "yer", true),
            ("Yèrevan/mod", "yerevan m", true),
            ("yerevan", "yerv", true),
            ("yerevan", "yxv", false),
            ("clash-2023-05-11", "clash 2023", true),
            ("clash-2023-05-11", "clash-2023-05-12", false),
            ("baku", "", true),
        ] {
            assert_eq!(has_in_it(name, typed), expected, "{typed} in {name}");
        }
    }
}
