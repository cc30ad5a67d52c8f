//! Every limit in one place, so that the documentation and the checks cannot drift apart.

/// Longest body, in bytes, before the entry is refused. Larger things are files: cite them by hash.
pub const MAX_BODY_BYTES: usize = 60_000;
/// Longest name (source, subject, predicate), in bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 256;
/// Longest label (speaker, body, carrier, unit, tag, recorder), in bytes of UTF-8.
pub const MAX_LABEL_BYTES: usize = 256;
/// Longest external id, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 256;
/// Longest web address, in bytes.
pub const MAX_URL_BYTES: usize = 4_096;
/// Most items in `via`, `tags` or `citations`.
pub const MAX_LIST_ITEMS: usize = 256;
/// Deepest chain of corrections inside one event (a correction whose replacement is a correction, ...).
pub const MAX_CORRECTION_DEPTH: usize = 8;
/// Longest line of an exchange file, in bytes: room for a full body with every character escaped.
pub const MAX_LINE_BYTES: usize = 1_000_000;
/// Most events appended in one step: they are all in memory until it is done.
pub const MAX_BATCH_EVENTS: usize = 1 << 24;
/// Longest exchange file that is read in one step, in bytes.
pub const MAX_IMPORT_BYTES: u64 = 16 << 30;
/// Entries in one sealed bundle.
pub const BUNDLE_ENTRIES: usize = 256;
