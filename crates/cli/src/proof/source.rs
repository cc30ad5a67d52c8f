//! Where published files are read from: a directory, or a web address below which any static host serves them.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::CliError;

/// Largest file that is read: a bundle of 256 of the longest bodies.
const MAX_BYTES: u64 = 256 * 61_000;
const TIMEOUT: Duration = Duration::from_secs(60);

/// A published log.
pub(crate) enum Source {
    Dir(PathBuf),
    Web { agent: ureq::Agent, base: String },
}

/// An HTTP client that gives up after a while and does not take other statuses for errors.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).http_status_as_error(false).build().into()
}

impl Source {
    pub(crate) fn new(place: &str) -> Self {
        if place.starts_with("http://") || place.starts_with("https://") {
            Self::Web { agent: agent(), base: place.trim_end_matches('/').to_owned() }
        } else {
            Self::Dir(PathBuf::from(place))
        }
    }

    /// One file, or `None` if it is not there.
    pub(crate) fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CliError> {
        match self {
            Self::Dir(dir) => {
                let path = dir.join(name);
                match std::fs::read(&path) {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(e) => Err(CliError::io(&path, &e)),
                }
            }
            Self::Web { agent, base } => {
                let url = format!("{base}/{name}");
                let failed = |e: ureq::Error| CliError::failed(format!("{url}: {e}"));
                let mut response = agent.get(&url).call().map_err(failed)?;
                match response.status().as_u16() {
                    200 => response.body_mut().with_config().limit(MAX_BYTES).read_to_vec().map(Some).map_err(failed),
                    404 | 410 => Ok(None),
                    status => Err(CliError::failed(format!("{url}: the host answered with status {status}"))),
                }
            }
        }
    }

    /// One file that has to be there.
    pub(crate) fn need(&self, name: &str) -> Result<Vec<u8>, CliError> {
        self.get(name)?.ok_or_else(|| CliError::failed(format!("{name} is missing in {self}")))
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dir(dir) => write!(f, "{}", dir.display()),
            Self::Web { base, .. } => f.write_str(base),
        }
    }
}
