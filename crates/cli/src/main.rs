//! The command line of sayso. It owns the terminal, files, configuration and exit codes; everything else is `sayso-core`.

mod args;
mod asking;
mod commands;
mod copy_args;
mod error;
mod event_args;
mod export_args;
mod locate;
mod meant;
mod output;
mod picture_args;
mod proof;
mod query;
mod session;
mod transfer_args;

use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use sayso_core::store::inside_sled;

use args::{Cli, Command};
use error::CliError;
use session::Session;

fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|e| reached_for(e).exit());
    // sled panics on some damaged files. That becomes an error, and the panic's own words would only frighten.
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let by_sled = panic.location().is_some_and(|place| place.file().contains("sled-0.34"));
        if !by_sled && !inside_sled() {
            loud(panic);
        }
    }));
    match run(cli) {
        Ok(code) => code,
        Err(e) => e.report(),
    }
}

/// Commands that people reach for and that have another name here.
const REACHED_FOR: [(&str, &str); 8] = [
    ("dispute", "`sayso stance --stance denies` records that a source denies a claim"),
    ("deny", "`sayso stance --stance denies` records that a source denies a claim"),
    ("check", "`sayso audit` checks that nothing was altered"),
    ("add", "`sayso append` records a claim"),
    ("delete", "entries stay: `sayso correct` mends our own error, `sayso redact` erases words that must go"),
    ("remove", "entries stay: `sayso correct` mends our own error, `sayso redact` erases words that must go"),
    ("list", "`sayso log` lists entries, `sayso replay` what stands"),
    ("search", "`sayso replay` and `sayso log` have filters, such as --subject and --source"),
];

/// A usage error, with a word on what was meant. `verify` is there, but without a file it is mostly the audit that is wanted.
fn reached_for(mut e: clap::Error) -> clap::Error {
    let typed = match e.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(typed)) => typed.clone(),
        _ => String::new(),
    };
    let lacks_file = e.kind() == ErrorKind::MissingRequiredArgument && std::env::args_os().any(|word| word == "verify");
    let known = REACHED_FOR.iter().find(|(command, _)| *command == typed).map(|(_, tip)| *tip);
    let tip = known.or_else(|| lacks_file.then_some("`verify` checks a proof file; `sayso audit` checks the ledger"));
    if let Some(tip) = tip {
        e.remove(ContextKind::SuggestedSubcommand);
        e.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    e
}

fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let session = Session::new(cli.global)?;
    session.check_format(cli.command.has_rows())?;
    match cli.command {
        Command::Init(args) => commands::init::run(&session, &args),
        Command::Append(args) => commands::append::claim(&session, *args),
        Command::Stance(args) => commands::append::stance(&session, *args),
        Command::Retract(args) => commands::append::retract(&session, *args),
        Command::Correct(args) => commands::correct::run(&session, *args),
        Command::Alias(args) => commands::append::alias(&session, args),
        Command::Note(args) => commands::append::note(&session, args),
        Command::Import(args) => commands::import::run(&session, &args),
        Command::Export(args) => commands::export::run(&session, &args),
        Command::Log(args) => commands::log::run(&session, &args),
        Command::Show(args) => commands::show::run(&session, &args),
        Command::Replay(args) => commands::replay::run(&session, &args),
        Command::Compare(args) => commands::compare::run(&session, &args),
        Command::Diff(args) => commands::diff::run(&session, &args),
        Command::History(args) => commands::history::run(&session, &args),
        Command::Why(args) => commands::why::run(&session, &args),
        Command::Chart(args) => commands::pictures::chart(&session, &args),
        Command::Timeline(args) => commands::pictures::timeline(&session, &args),
        Command::Matrix(args) => commands::pictures::matrix(&session, &args),
        Command::Report(args) => commands::report::run(&session, &args),
        Command::Audit(args) => commands::audit::run(&session, &args),
        Command::Capture(args) => commands::capture::run(&session, &args),
        Command::Doctor(args) => commands::doctor::run(&session, &args),
        Command::Reindex => commands::reindex::run(&session),
        Command::Mirror(args) => commands::mirror::run(&session, &args),
        Command::Backup(args) => commands::backup::run(&session, &args),
        Command::Restore(args) => commands::backup::restore(&session, &args),
        Command::Salvage(args) => commands::salvage::run(&session, &args),
        Command::Redact(args) => commands::redact::run(&session, &args),
        Command::Compact => commands::redact::compact(&session),
        Command::Key(args) => commands::key::run(&session, &args),
        Command::Checkpoint(args) => commands::checkpoint::run(&session, &args),
        Command::Prove(args) => commands::prove::run(&session, &args),
        Command::Verify(args) => commands::verify::run(&session, &args),
        Command::Publish(args) => commands::publish::run(&session, &args),
        Command::Clone(args) => commands::clone::clone(&session, &args),
        Command::Pull(args) => commands::clone::pull(&session, &args),
        Command::Witness(args) => commands::witness::run(&session, &args),
        Command::Completions(args) => commands::comfort::completions(&args),
        Command::Man(args) => commands::comfort::man(&session, &args),
        Command::Demo(args) => commands::demo::run(&session, &args),
    }
}
