use std::net::IpAddr;

/// The visitor's address, as a request extension: what `client-ip` in a key chain reads by default.
///
/// Put it there only from what you trust: the connection, or what your own proxy wrote. A visitor who can choose the
/// address can choose the bucket.
///
/// ```
/// use std::net::IpAddr;
/// use onebox_tower::ClientIp;
///
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(ClientIp(IpAddr::from([198, 51, 100, 7])));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);
