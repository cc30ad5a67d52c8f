//! The lints, one file each.

pub(crate) mod alike_names;
pub(crate) mod alike_questions;
pub(crate) mod before_event;
pub(crate) mod falling_total;
pub(crate) mod false_exactness;
pub(crate) mod odd_figure;
pub(crate) mod one_origin;
pub(crate) mod part_of_a_person;
