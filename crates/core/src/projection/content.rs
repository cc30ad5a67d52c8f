//! What is posted of a claim, apart from the names it stands under: packed, because views unpack it by the hundred thousand.

use bincode::Options;

use crate::event::Act;
use crate::text::{Label, Text};
use crate::time::Stated;
use crate::value::Value;

/// When it was stated, then value, unit, act and modality.
pub(crate) type Held = (Stated, Value, Option<Label>, Act, Option<Text>);

fn options() -> impl Options {
    bincode::DefaultOptions::new() // small numbers, of which there are many, in one byte
}

pub(super) fn pack(held: &Held, out: &mut Vec<u8>) {
    out.clear();
    let packed = options().serialize_into(&mut *out, held);
    debug_assert!(packed.is_ok(), "writing to memory, without a limit");
}

/// `None` if these are other bytes.
pub(crate) fn unpack(content: &[u8]) -> Option<Held> {
    options().deserialize(content).ok()
}
