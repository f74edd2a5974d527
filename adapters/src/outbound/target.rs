//! Whom a client speaks to, and how far that is trusted.

use std::{fmt, net::IpAddr};

use explainer_core::{Error, ErrorKind};
use reqwest::Url;

use super::address::{Forbidden, Networks};

/// A server's base address, checked as far as that can be done without asking anyone.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    base: Url,
    networks: Networks,
}

/// Why an address cannot be used; reads on from «could not use the address because …».
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Not an address at all.
    #[error("it is not a web address; write it as https://host")]
    NotAnAddress,
    /// Not one of the web's.
    #[error("it does not begin with http:// or https://")]
    Scheme,
    /// Sent in clear.
    #[error("it does not begin with https://; what is sent could be read on the way")]
    Clear,
    /// A user name or a password is in it.
    #[error("it holds a user name or a password; take them out")]
    Credentials,
    /// A query or a fragment is in it.
    #[error("it holds a `?` or a `#`; end it after the path")]
    Query,
    /// An address that must not be reached.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
}

impl BadTarget {
    /// The fault that a setting holds such an address: «could not use `base_url` because …».
    pub fn of_setting(self, setting: &str, adapter: &'static str) -> Error {
        let message = format!("could not use `{setting}` because {self}");
        Error::new(ErrorKind::Invalid, adapter, "open", message)
    }
}

impl Target {
    /// What the operator wrote into the configuration: trusted, private addresses and `http` included.
    pub fn of_operator(address: &str) -> Result<Self, BadTarget> {
        Self::read(address, Networks::Any)
    }

    /// What a user of the service entered: `https`, nothing secret in it, and only the internet,
    /// unless the installation lets users name addresses in its own network.
    pub fn of_user(address: &str, private_networks: bool) -> Result<Self, BadTarget> {
        let networks = if private_networks {
            Networks::Private
        } else {
            Networks::Public
        };
        let target = Self::read(address, networks)?;
        if !target.base.username().is_empty() || target.base.password().is_some() {
            return Err(BadTarget::Credentials);
        }
        if let Some(address) = target.address() {
            networks.check(address)?;
        }
        if target.is_local() {
            networks.check(std::net::Ipv4Addr::LOCALHOST.into())?;
        }
        if target.base.scheme() != "https" && !private_networks {
            return Err(BadTarget::Clear);
        }
        Ok(target)
    }

    fn read(address: &str, networks: Networks) -> Result<Self, BadTarget> {
        let mut base = Url::parse(address.trim()).map_err(|_| BadTarget::NotAnAddress)?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(BadTarget::Scheme);
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(BadTarget::Query);
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { base, networks })
    }

    /// Another address that this server named, if what is sent to this server may be sent there:
    /// the same host or one below it, and not in clear where this one is not.
    #[must_use]
    pub fn moved(&self, address: &str) -> Option<Self> {
        let moved = Self::read(address, self.networks).ok()?;
        let (ours, theirs) = (self.base.host_str()?, moved.base.host_str()?);
        let below = theirs
            .strip_suffix(ours)
            .is_some_and(|it| it.ends_with('.'));
        let secure = self.base.scheme() == "http" || moved.base.scheme() == "https";
        let plain = moved.base.username().is_empty() && moved.base.password().is_none();
        let named = self.address().is_none();
        ((theirs == ours || (below && named)) && secure && plain).then_some(moved)
    }

    /// The address of what lies at these path segments below the base, each escaped.
    #[must_use]
    pub fn at(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The base address; its path ends with a slash.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The host, fit for messages.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// What may be reached under this address.
    pub fn networks(&self) -> Networks {
        self.networks
    }

    /// Whether it is on this very machine.
    pub fn is_local(&self) -> bool {
        let name = self.host().trim_end_matches('.');
        let loopback = self.address().is_some_and(|it| it.is_loopback());
        loopback || name == "localhost" || name.ends_with(".localhost")
    }

    /// The host as a number, where it is one.
    fn address(&self) -> Option<IpAddr> {
        let host = self.host();
        let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        bare.unwrap_or(host).parse().ok()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, networks } = self;
        write!(
            f,
            "Target({}://{}, {networks:?})",
            base.scheme(),
            self.host()
        )
    }
}
