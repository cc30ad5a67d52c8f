//! Short lists. Nearly every standing rests on one statement: lists that allocate would be half of what an answer costs.

use std::fmt;
use std::ops::Deref;

/// A list, mostly of one. It is read as the slice that it stands for.
#[derive(Clone)]
pub struct Few<T>(Items<T>);

#[derive(Clone)]
enum Items<T> {
    One(T),
    /// Any number but one.
    Many(Vec<T>),
}

impl<T> Few<T> {
    pub(super) fn one(item: T) -> Self {
        Self(Items::One(item))
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Items::Many(vec![]))
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match &self.0 {
            Items::One(item) => std::slice::from_ref(item),
            Items::Many(items) => items,
        }
    }
}

impl<T> AsRef<[T]> for Few<T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T: PartialEq, U: AsRef<[T]>> PartialEq<U> for Few<T> {
    fn eq(&self, other: &U) -> bool {
        **self == *other.as_ref()
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut items = items.into_iter();
        match (items.next(), items.next()) {
            (Some(one), None) => Self::one(one),
            (first, second) => Self(Items::Many(first.into_iter().chain(second).chain(items).collect())),
        }
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_slice_it_was_made_of() {
        for length in 0..4u64 {
            let list: Vec<u64> = (0..length).collect();
            let few: Few<u64> = list.iter().copied().collect();
            assert_eq!(few, list);
            assert_eq!(format!("{few:?}"), format!("{list:?}"));
            assert!(few == few.clone() && few != Few::one(9) && few.iter().eq(&few));
        }
        assert_eq!(Few::default(), [0u64; 0]);
    }
}
