//! Where a request came from, and the workspace it names.

use std::net::IpAddr;

use explainer_core::services::Origin;
use poem::{Addr, Request, http::HeaderName};

/// Names the workspace a request is about; without it, it is about the caller's current one.
pub(super) const WORKSPACE: HeaderName = HeaderName::from_static("x-workspace-id");
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What `request` says of itself. Behind a proxy of ours the last entry of `X-Forwarded-For`, which
/// that proxy wrote, tells the address; those before it are whatever the client made up.
pub(super) fn of(request: &Request, behind_proxy: bool) -> Origin {
    let peer = match &**request.remote_addr() {
        Addr::SocketAddr(address) => Some(address.ip()),
        _ => None,
    };
    let address = behind_proxy.then(|| forwarded(request)).flatten().or(peer);
    let workspace = request.headers().get(WORKSPACE);
    // A value that is no text names no workspace there is.
    let workspace = workspace.map(|it| it.to_str().unwrap_or_default().to_owned());
    Origin { address, workspace }
}

fn forwarded(request: &Request) -> Option<IpAddr> {
    let last = request
        .headers()
        .get_all(FORWARDED)
        .into_iter()
        .next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(headers: &[&str], behind_proxy: bool) -> Option<String> {
        let mut request = Request::builder();
        for value in headers {
            request = request.header(FORWARDED, *value);
        }
        let origin = of(&request.finish(), behind_proxy);
        origin.address.map(|address| address.to_string())
    }

    #[test]
    fn what_a_client_claims_of_its_address_counts_only_where_a_proxy_of_ours_said_it() {
        assert_eq!(address(&["192.0.2.1"], false), None);
        let last = Some("192.0.2.9".to_owned());
        assert_eq!(address(&["192.0.2.1, 192.0.2.9"], true), last);
        assert_eq!(address(&["192.0.2.1", "10.0.0.1, 192.0.2.9"], true), last);
        assert_eq!(address(&["nonsense"], true), None);
    }
}
