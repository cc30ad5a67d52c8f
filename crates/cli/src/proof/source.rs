//! Where published files are read from: a directory, or a web address below which any static host serves them. Whoever keeps that
//! place is not trusted: no file is read further than one of its kind can be long, and no host is waited for without end.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use rayon::ThreadPool;
use ureq::tls::{PemItem, RootCerts, TlsConfig};

use super::files;
use crate::error::CliError;

/// Seconds for each megabyte that a file may have, if nobody says otherwise: 17 KB a second are fast enough.
const TIMEOUT_S: u64 = 60;
/// How many files are asked for at a time: most of the time goes into waiting for a host.
const AT_A_TIME: usize = 8;

/// A published log.
pub(crate) enum Source {
    Dir(PathBuf),
    Web { agent: ureq::Agent, base: String, timeout: Duration },
}

/// How long a host may take for a megabyte.
pub(crate) fn timeout() -> Result<Duration, CliError> {
    let Some(given) = std::env::var_os("SAYSO_HTTP_TIMEOUT").filter(|text| !text.is_empty()) else {
        return Ok(Duration::from_secs(TIMEOUT_S));
    };
    let seconds = given.to_str().and_then(|text| text.parse().ok()).filter(|seconds| (1..=86_400).contains(seconds));
    let seconds =
        seconds.ok_or_else(|| CliError::usage("SAYSO_HTTP_TIMEOUT is a number of seconds from 1 to 86400"))?;
    Ok(Duration::from_secs(seconds))
}

/// An HTTP client that does not take other statuses for errors. With `SAYSO_CA_FILE` it trusts the certificates in that file in place
/// of the public ones.
pub(crate) fn agent(timeout: Duration) -> Result<ureq::Agent, CliError> {
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_idle_connections_per_host(AT_A_TIME)
        .timeout_global(Some(timeout));
    if let Some(path) = std::env::var_os("SAYSO_CA_FILE").filter(|path| !path.is_empty()).map(PathBuf::from) {
        let wrong = |e: &dyn std::fmt::Display| CliError::usage(format!("SAYSO_CA_FILE: {}: {e}", path.display()));
        let mut certificates = Vec::new();
        for item in ureq::tls::parse_pem(&files::read(&path)?) {
            if let PemItem::Certificate(certificate) = item.map_err(|e| wrong(&e))? {
                certificates.push(certificate);
            }
        }
        if certificates.is_empty() {
            return Err(wrong(&"there is no certificate in it; it begins with -----BEGIN CERTIFICATE-----"));
        }
        config = config.tls_config(TlsConfig::builder().root_certs(RootCerts::from(certificates)).build());
    }
    Ok(config.build().into())
}

impl Source {
    pub(crate) fn new(place: &str) -> Result<Self, CliError> {
        if place.starts_with("http://") || place.starts_with("https://") {
            let timeout = timeout()?;
            Ok(Self::Web { agent: agent(timeout)?, base: place.trim_end_matches('/').to_owned(), timeout })
        } else {
            Ok(Self::Dir(PathBuf::from(place)))
        }
    }

    /// Threads for reading files side by side.
    pub(crate) fn threads(&self) -> Result<ThreadPool, CliError> {
        let count = if let Self::Web { .. } = self { AT_A_TIME } else { 0 }; // 0: as many as there are cores
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        pool.map_err(|e| CliError::failed(format!("no threads: {e}")))
    }

    /// One file of at most so many bytes, or `None` if it is not there.
    pub(crate) fn get(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>, CliError> {
        match self {
            Self::Dir(dir) => {
                let path = dir.join(name);
                let mut bytes = Vec::new();
                let mut read = || -> std::io::Result<bool> {
                    // Opening something else than a file may never end.
                    if !std::fs::metadata(&path)?.is_file() {
                        return Ok(false);
                    }
                    File::open(&path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
                    Ok(true)
                };
                match read() {
                    Ok(true) if bytes.len() as u64 > most => Err(too_long(&path.display().to_string(), most)),
                    Ok(true) => Ok(Some(bytes)),
                    Ok(false) => Err(CliError::refused(format!("{} is not a file; {ASK}", path.display()))),
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(e) => Err(CliError::io(&path, &e)),
                }
            }
            Self::Web { agent, base, timeout } => {
                let url = format!("{base}/{name}");
                let within = timeout.saturating_mul(1 + u32::try_from(most / 1_000_000).unwrap_or(u32::MAX));
                let failed = |e: ureq::Error| match e {
                    ureq::Error::BodyExceedsLimit(_) => too_long(&url, most),
                    e => CliError::failed(format!("{url}: {}", in_words(&e, within))),
                };
                let call = agent.get(&url).config().timeout_global(Some(within)).build();
                let mut response = call.call().map_err(failed)?;
                match response.status().as_u16() {
                    200 => response.body_mut().with_config().limit(most).read_to_vec().map(Some).map_err(failed),
                    404 | 410 => Ok(None),
                    status => Err(CliError::failed(format!("{url}: the host answered with status {status}; {ASK}"))),
                }
            }
        }
    }

    /// One file that has to be there.
    pub(crate) fn need(&self, name: &str, most: u64) -> Result<Vec<u8>, CliError> {
        self.get(name, most)?.ok_or_else(|| self.missing(name))
    }

    pub(crate) fn missing(&self, name: &str) -> CliError {
        CliError::failed(format!("{name} is missing in {self}; {ASK}"))
    }
}

const ASK: &str = "try again later, or ask whoever publishes there";

fn too_long(place: &str, most: u64) -> CliError {
    CliError::refused(format!("{place} is longer than {most} bytes, and no such file of a published ledger is; {ASK}"))
}

/// Why a call failed, and what to do.
pub(crate) fn in_words(e: &ureq::Error, within: Duration) -> String {
    match e {
        ureq::Error::Timeout(_) => {
            format!("it took longer than {} seconds; try again, or set SAYSO_HTTP_TIMEOUT to more", within.as_secs())
        }
        ureq::Error::TooManyRedirects => format!("the host sends on from one address to the next without end; {ASK}"),
        ureq::Error::HostNotFound => "there is no such host; look at the address".into(),
        ureq::Error::ConnectionFailed => format!("the host could not be reached; {ASK}"),
        e if e.to_string().contains("certificate") => format!(
            "{e}: whoever answered could not show that it is this host. If its certificate is of your own making, name it in SAYSO_CA_FILE"
        ),
        ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            format!("the host ended the connection before all of it was there; {ASK}")
        }
        ureq::Error::Io(e) => format!("{}; {ASK}", crate::error::in_words(e)),
        e => format!("{e}; {ASK}"),
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
