//! The messages that the triggers see: a request, a response, and the origin a request is for.

use std::net::IpAddr;

use http::{HeaderMap, Method, StatusCode};

/// A request on its way through the distribution.
#[derive(Clone, Debug)]
pub struct Request {
    /// The viewer's address.
    pub client_ip: IpAddr,
    /// The method.
    pub method: Method,
    /// The path, which begins with `/`.
    pub uri: String,
    /// The query string without `?`; empty when there is none.
    pub querystring: String,
    /// The headers, values as received.
    pub headers: HeaderMap,
    /// Where it goes; none before the origin side.
    pub origin: Option<Origin>,
}

/// A response as a trigger sees it: without its body.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers, values as received.
    pub headers: HeaderMap,
}

/// The origin of a request.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Any web server.
    Custom(CustomOrigin),
    /// An S3 bucket.
    S3(S3Origin),
}

impl Origin {
    /// The name that is resolved and connected to.
    #[must_use]
    pub fn domain(&self) -> &str {
        match self {
            Self::Custom(origin) => &origin.domain,
            Self::S3(origin) => &origin.domain,
        }
    }

    /// What goes before the request's path.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Custom(origin) => &origin.path,
            Self::S3(origin) => &origin.path,
        }
    }

    /// The headers that are added toward the origin.
    #[must_use]
    pub fn custom_headers(&self) -> &HeaderMap {
        match self {
            Self::Custom(origin) => &origin.custom_headers,
            Self::S3(origin) => &origin.custom_headers,
        }
    }
}

/// A web server as an origin. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomOrigin {
    /// Headers that are added toward the origin.
    pub custom_headers: HeaderMap,
    /// Its domain name.
    pub domain: String,
    /// What goes before the request's path: empty, or `/…` without a slash at the end.
    pub path: String,
    /// 80, 443 or 1024 to 65535.
    pub port: u16,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// How long an idle connection is kept.
    pub keepalive_timeout: u16,
    /// How long an answer, and each next part of it, may take.
    pub read_timeout: u16,
    /// How long the whole answer may take, if limited.
    pub response_completion_timeout: Option<u32>,
    /// The TLS versions that may be used.
    pub ssl_protocols: Vec<String>,
}

/// An S3 bucket as an origin. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Origin {
    /// Headers that are added toward the origin.
    pub custom_headers: HeaderMap,
    /// Its regional domain name.
    pub domain: String,
    /// What goes before the request's path.
    pub path: String,
    /// The bucket's Region; may be empty without an origin access identity.
    pub region: String,
    /// How long an answer, and each next part of it, may take.
    pub read_timeout: u16,
    /// How long the whole answer may take, if limited.
    pub response_completion_timeout: Option<u32>,
}

/// How a custom origin is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// In clear.
    Http,
    /// Over TLS.
    Https,
}

impl Protocol {
    /// `http` or `https`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Reads `http` or `https`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }
}
