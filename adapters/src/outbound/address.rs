//! Which addresses may be reached: by their number, and after a name was resolved, so that a name
//! that resolves to something else the second time does not slip through.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Where the cloud providers' metadata services listen that no range below covers.
const METADATA: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// Which networks may be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Networks {
    /// The internet alone.
    Public,
    /// Also loopback and private networks; never link-local, metadata, multicast or reserved ones.
    Private,
    /// Everything: for what the operator configured.
    Any,
}

/// An address that must not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// On this machine or in a private network.
    #[error(
        "its address is in a private network; use a public one, or have the operator set \
         outbound.private_networks"
    )]
    Private,
    /// Of a kind no service has.
    #[error("its address is link-local, a metadata service's, multicast or reserved; use another")]
    Never,
}

impl Networks {
    /// Whether `address` may be reached.
    pub fn check(self, address: IpAddr) -> Result<(), Forbidden> {
        let class = if METADATA.contains(&address) {
            Some(Forbidden::Never)
        } else {
            match address {
                IpAddr::V4(address) => class_v4(address),
                IpAddr::V6(address) => class_v6(address),
            }
        };
        match (self, class) {
            (Self::Any, _) | (_, None) | (Self::Private, Some(Forbidden::Private)) => Ok(()),
            (_, Some(forbidden)) => Err(forbidden),
        }
    }
}

fn class_v4(address: Ipv4Addr) -> Option<Forbidden> {
    let [a, b, c, _] = address.octets();
    if METADATA.contains(&IpAddr::V4(address)) {
        return Some(Forbidden::Never);
    }
    match (a, b, c) {
        (127 | 10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => {
            Some(Forbidden::Private)
        }
        (0 | 224..=255, ..)
        | (169, 254, _)
        | (192, 0, 0 | 2)
        | (192, 88, 99)
        | (198, 18 | 19, _)
        | (198, 51, 100)
        | (203, 0, 113) => Some(Forbidden::Never),
        _ => None,
    }
}

fn class_v6(address: Ipv6Addr) -> Option<Forbidden> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Some(Forbidden::Private),
        // IPv4 in other clothes: compatible, mapped, translated, NAT64 and 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => {
            class_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        // Only unicast that is routed (2000::/3), without Teredo, ORCHID and documentation.
        [0x2001, 0 | 0x10..=0x2f | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some(Forbidden::Never),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Forbidden::Never),
    }
}

/// The addresses of `host` that may be reached; an error when there is none. A client of another
/// make can be pinned to them.
pub async fn resolve(host: &str, port: u16, networks: Networks) -> io::Result<Vec<SocketAddr>> {
    let all: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
    let fine = |it: &&SocketAddr| networks.check(it.ip()).is_ok();
    let reachable: Vec<SocketAddr> = all.iter().filter(fine).copied().collect();
    match all.first() {
        Some(first) if reachable.is_empty() => {
            let forbidden = networks.check(first.ip()).err();
            Err(io::Error::other(forbidden.unwrap_or(Forbidden::Never)))
        }
        _ => Ok(reachable),
    }
}

/// Resolves names to what may be reached.
#[derive(Debug)]
pub(super) struct CheckedResolver(pub Networks);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let networks = self.0;
        Box::pin(async move {
            match resolve(name.as_str(), 0, networks).await {
                Ok(addresses) => Ok(Box::new(addresses.into_iter()) as Addrs),
                // Ours is handed on as it is, so that it is found again among the causes.
                Err(error) => match error.downcast::<Forbidden>() {
                    Ok(forbidden) => Err(forbidden.into()),
                    Err(error) => Err(error.into()),
                },
            }
        })
    }
}
