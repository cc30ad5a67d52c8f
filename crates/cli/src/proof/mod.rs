//! What the commands for outsiders share: keys, names, the tree beside the log, trust, and published files.

pub(crate) mod fetched;
pub(crate) mod files;
pub(crate) mod keyring;
pub(crate) mod ledger_name;
pub(crate) mod ledger_tree;
pub(crate) mod published;
pub(crate) mod signing;
pub(crate) mod source;
pub(crate) mod trust;
pub(crate) mod witnessing;
