use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use cookie::{Cookie, SameSite};
use http::{Extensions, HeaderMap, HeaderName};
use onebox_core::{Policy, Time};
use tower_layer::Layer;

use crate::{rules::Rules, service::Onebox};

/// Tells a service which side of a release each visitor is on.
///
/// All of it has a default but the policy. Clones share what they know.
///
/// ```
/// use std::time::Duration;
/// use http::HeaderName;
/// use onebox_core::{Pins, Policy, Share};
/// use onebox_tower::OneboxLayer;
///
/// let policy = Policy::new("web-2026-11-20", "5%".parse::<Share>()?, vec!["cookie:session".parse()?])
///     .with_pins(Pins::new("__Host-onebox", "web-2026-11-20", None));
/// let layer = OneboxLayer::new(policy)
///     .header(HeaderName::from_static("x-side"))
///     .write_pins(Duration::from_secs(7 * 24 * 60 * 60))
///     .extension(true)
///     .debug(true);
/// # let _ = layer;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct OneboxLayer {
    rules: Arc<Rules>,
}

impl OneboxLayer {
    /// A layer that decides by this policy and says so in the request header `x-req-partition`.
    ///
    /// ```
    /// # use onebox_tower::OneboxLayer;
    /// use onebox_core::{Policy, Share};
    /// let keys = vec!["cookie:session".parse()?, "client-ip+header:user-agent".parse()?];
    /// let layer = OneboxLayer::new(Policy::new("web-1", "5%".parse::<Share>()?, keys));
    /// # let _ = layer;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { rules: Arc::new(Rules::new(policy)) }
    }

    /// Names another partition header. Choose one that has no other meaning, and that no key is taken from.
    ///
    /// ```
    /// # use onebox_tower::OneboxLayer;
    /// # let layer = OneboxLayer::new(onebox_core::Policy::new("web-1", onebox_core::Share::ALL, Vec::new()));
    /// let layer = layer.header("X-Side".parse()?);
    /// # let _ = layer;
    /// # Ok::<(), http::header::InvalidHeaderName>(())
    /// ```
    #[must_use]
    pub fn header(self, name: HeaderName) -> Self {
        // A name's first clone moves its text to where clones share it: here, and not in the first request.
        self.with(|rules| rules.header = name.clone())
    }

    /// Writes pins: a visitor whose bucket came from a key gets the policy's pin cookie, for so long.
    ///
    /// Without this the pins of [`Policy::with_pins`] are honoured but not written. A visitor who has a valid pin, was
    /// put on a side by an override token, or has no bucket gets none.
    ///
    /// # Why it does not go without saying
    ///
    /// A cache keeps `Set-Cookie` with the object and hands it to every visitor
    /// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html>): one visitor's bucket would
    /// become everybody's. Write pins here only if no shared cache keeps the responses. Behind CloudFront, leave that
    /// to its viewer-response function, which runs after the cache.
    ///
    /// ```
    /// # use onebox_tower::OneboxLayer;
    /// use std::time::Duration;
    /// use onebox_core::{Pins, Policy, Share};
    /// let policy = Policy::new("web-1", "5%".parse::<Share>()?, vec!["cookie:session".parse()?])
    ///     .with_pins(Pins::new("__Host-onebox", "web-1", None));
    /// let layer = OneboxLayer::new(policy).write_pins(Duration::from_secs(7 * 24 * 60 * 60));
    /// # let _ = layer;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn write_pins(self, max_age: Duration) -> Self {
        let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
        let cookie = Cookie::build(("", ""))
            .path("/")
            .secure(true)
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(cookie::time::Duration::seconds(seconds));
        let attributes = cookie.to_string().split_off("=".len());
        self.with(|rules| rules.attributes = Some(attributes.into()))
    }

    /// Says where the visitor's address is, instead of in a [`ClientIp`](crate::ClientIp) extension. It is asked only
    /// if a key is taken from the address.
    ///
    /// Trust only the connection or a header of your own proxy: who can choose the address chooses the bucket.
    ///
    /// ```
    /// # use onebox_tower::OneboxLayer;
    /// # let policy = onebox_core::Policy::new("web-1", onebox_core::Share::ALL, Vec::new());
    /// // CloudFront adds "198.51.100.7:46532", if its origin request policy says so.
    /// let layer = OneboxLayer::new(policy).address(|headers, _extensions| {
    ///     let (address, _port) = headers.get("cloudfront-viewer-address")?.to_str().ok()?.rsplit_once(':')?;
    ///     address.parse().ok()
    /// });
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn address(self, address: impl Fn(&HeaderMap, &Extensions) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.with(|rules| rules.address = Arc::new(address))
    }

    /// Hands in another clock than the machine's. It is read once for each request, and only if the policy's decisions
    /// change with time.
    ///
    /// ```
    /// # use onebox_tower::OneboxLayer;
    /// # let policy = onebox_core::Policy::new("web-1", onebox_core::Share::ALL, Vec::new());
    /// use onebox_core::Time;
    /// let noon: Time = "2026-11-20T12:00:00Z".parse()?;
    /// let layer = OneboxLayer::new(policy).clock(move || noon);
    /// # let _ = layer;
    /// # Ok::<(), onebox_core::TimeError>(())
    /// ```
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        self.with(|rules| rules.clock = Arc::new(clock))
    }

    /// Whether an [`Assignment`](crate::Assignment) is put into the request's extensions. By default it is not, because
    /// that allocates: see [what it costs](crate#what-it-costs).
    ///
    /// ```
    /// use http::{Request, Response};
    /// use onebox_core::{Policy, Share};
    /// use onebox_tower::{Assignment, OneboxLayer};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let policy = Policy::new("web-2026-11-20", "5%".parse::<Share>()?, vec!["cookie:session".parse()?]);
    /// let service = OneboxLayer::new(policy).extension(true).layer(service_fn(async |request: Request<()>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(request.extensions().get::<Assignment>().cloned()))
    /// }));
    /// let response = service.oneshot(Request::get("/").header("cookie", "session=7f3a").body(())?).await?;
    /// let assignment = response.into_body().ok_or("an assignment")?;
    /// assert_eq!(assignment.bucket.map(u32::from), Some(76_282));
    /// assert_eq!(assignment.reason.to_string(), "cookie:session");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn extension(self, insert: bool) -> Self {
        self.with(|rules| rules.extension = insert)
    }

    /// Whether the partition header is put into the response as well.
    ///
    /// ```
    /// # use onebox_tower::OneboxLayer;
    /// # let policy = onebox_core::Policy::new("web-1", onebox_core::Share::ALL, Vec::new());
    /// let layer = OneboxLayer::new(policy).debug(cfg!(debug_assertions));
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn debug(self, show: bool) -> Self {
        self.with(|rules| rules.debug = show)
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(Arc::make_mut(&mut self.rules));
        self
    }
}

impl<S> Layer<S> for OneboxLayer {
    type Service = Onebox<S>;

    fn layer(&self, inner: S) -> Onebox<S> {
        Onebox::new(inner, Arc::clone(&self.rules))
    }
}

impl fmt::Debug for OneboxLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneboxLayer").field("header", &self.rules.header).finish_non_exhaustive()
    }
}
