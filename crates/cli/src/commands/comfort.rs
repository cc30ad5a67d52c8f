//! `sayso completions` and `sayso man`: what a shell completes, and manual pages, made from the command line itself.

use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use serde_json::json;

use crate::args::Cli;
use crate::error::CliError;
use crate::export_args::{CompletionsArgs, ManArgs};
use crate::output;
use crate::session::Session;

pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "sayso", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn man(session: &Session, args: &ManArgs) -> Result<ExitCode, CliError> {
    let dir = args.dir.as_path();
    std::fs::create_dir_all(dir).map_err(|e| CliError::io(dir, &e))?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let pages = pages(command, dir)?;
    if session.is_json() {
        output::json::print(&json!({"dir": dir.display().to_string(), "pages": pages}))?;
    } else {
        output::print(&format!("Wrote {pages} pages into {}.\n", output::table::escape(&dir.display().to_string())))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A page for a command and each command below it; how many there are.
fn pages(command: Command, dir: &Path) -> Result<usize, CliError> {
    let mut written = 1;
    for below in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        written += pages(below.clone(), dir)?;
    }
    // Behind the help: as it stands there, line by line.
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let man = Man::new(command.after_help(None::<&str>));
    let path = dir.join(man.get_filename());
    let mut page = Vec::new();
    man.render(&mut page).map_err(|e| CliError::io(&path, &e))?;
    if !after.is_empty() {
        let title = if after.starts_with("Example") { "EXAMPLES" } else { "NOTES" };
        page.extend_from_slice(format!(".SH {title}\n.nf\n{}.fi\n", roff(&after)).as_bytes());
    }
    std::fs::write(&path, page).map_err(|e| CliError::io(&path, &e))?;
    Ok(written)
}

/// Lines as they are, whatever they would mean to the typesetter.
fn roff(text: &str) -> String {
    let line = |line: &str| {
        let escaped = line
            .replace('\\', "\\e")
            .replace('-', "\\-")
            .replace('\'', "\\(aq")
            .replace('`', "\\(ga")
            .replace('~', "\\(ti");
        // A dot at the beginning would be a request.
        let guard = if escaped.starts_with('.') { "\\&" } else { "" };
        format!("{guard}{escaped}\n")
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::roff;
    use crate::args::Cli;
    use clap::{Command, CommandFactory, Parser};

    /// Examples as they stand in the help: lines that begin with two spaces and the program, also over several lines. Two spaces part an
    /// example from what it does.
    fn examples(help: &str) -> Vec<String> {
        let mut joined = help.to_owned();
        while let Some((before, after)) = joined.split_once("\\\n") {
            joined = format!("{} {}", before.trim_end(), after.trim_start());
        }
        let commands = joined.lines().filter_map(|line| line.strip_prefix("  sayso "));
        commands.map(|line| line.split("  ").next().unwrap_or_default().to_owned()).collect()
    }

    fn each(command: &Command, path: &str, visit: &mut impl FnMut(&Command, &str)) {
        visit(command, path);
        for below in command.get_subcommands() {
            each(below, &format!("{path} {}", below.get_name()), visit);
        }
    }

    #[test]
    fn every_command_has_examples_and_the_parser_takes_them() {
        let (mut without, mut seen) = (Vec::new(), 0);
        each(&Cli::command(), "sayso", &mut |command, path| {
            let found = examples(&command.get_after_help().map(ToString::to_string).unwrap_or_default());
            if found.is_empty() && path != "sayso" {
                without.push(path.to_owned());
            }
            for example in found {
                seen += 1;
                let words = shlex::split(&example).unwrap_or_else(|| panic!("{path}: {example}"));
                // What the shell does with the output is not the program's.
                let words = words.into_iter().take_while(|w| w != ">" && w != "|");
                let words: Vec<String> = std::iter::once("sayso".to_owned()).chain(words).collect();
                if let Err(e) = Cli::try_parse_from(&words) {
                    panic!("{path}: {words:?}: {e}");
                }
            }
        });
        assert_eq!(without, Vec::<String>::new(), "commands without an example in their help");
        assert!(seen > 50, "{seen} examples");
    }

    #[test]
    fn the_typesetter_leaves_examples_alone() {
        assert_eq!(roff("  sayso show '#12'\n.x \\"), "  sayso show \\(aq#12\\(aq\n\\&.x \\e\n");
    }
}
