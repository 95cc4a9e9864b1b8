//! Cookies and headers that are known not to identify a visitor.
//!
//! Not every framework gives its cookie a name of its own: the `session` of Flask, Starlette and cookie-session changes
//! like these, that of others does not, so it is not in the table.

/// Why a cookie or header is no key. Each text goes on from the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// A visitor's value does not stay the same.
    Changes(&'static str),
    /// Many visitors have the same value.
    Shared(&'static str),
    /// No request has it.
    Absent(&'static str),
    /// Cookies have this name in another case.
    Misspelt(&'static str),
}

use Unfit::{Absent, Changes, Misspelt, Shared};

const TOKEN: Unfit = Changes("a token is renewed every few minutes or hours");
const DETECTION: Unfit = Changes("bot detection writes a new value every few requests or minutes");
const SERVER: Unfit = Shared("a load balancer names a server with it, not a visitor");

/// Cookies, by name; a `*` stands for any text. In any case: nobody means another cookie with such a name.
const COOKIES: &[(&[&str], Unfit)] = &[
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html: it names a target,
    // encrypted with a key that rotates, and comes with every response.
    (
        &["AWSALB", "AWSALBCORS", "AWSALBTG", "AWSALBTGCORS", "AWSALBAPP-*"],
        Changes("the load balancer writes a new value with every response"),
    ),
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
    (&["AWSELBAuthSessionCookie*"], TOKEN),
    // https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/elb-sticky-sessions.html
    (&["AWSELB", "AWSELBCORS"], SERVER),
    (&["ARRAffinity", "ARRAffinitySameSite", "GCLB", "SERVERID", "INGRESSCOOKIE", "BIGipServer*", "__cflb"], SERVER),
    // https://docs.aws.amazon.com/waf/latest/developerguide/waf-tokens-immunity-times.html: 300 seconds by default.
    (&["aws-waf-token"], Changes("AWS WAF renews it after some minutes")),
    // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-cookies.html
    (&["CloudFront-Key-Pair-Id"], Shared("it names the key that signed, which all visitors have in common")),
    (
        &["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Expires"],
        Changes("it is renewed whenever access is granted anew"),
    ),
    // https://developers.cloudflare.com/fundamentals/reference/policies-compliances/cloudflare-cookies/ and
    // https://developers.cloudflare.com/cloudflare-challenges/concepts/clearance/
    (&["__cf_bm", "cf_clearance", "_cfuvid", "__cfruid", "__cfduid"], DETECTION),
    (&["__cfwaitingroom"], Changes("the waiting room writes it anew with every response")),
    // Akamai, DataDome, HUMAN (PerimeterX), Imperva: they hold the state of a check. visid_incap_* identifies a visitor.
    (&["_abck", "ak_bmsc", "bm_sz", "bm_sv", "bm_mi", "bm_s", "bm_so", "bm_ss", "bm_lso"], DETECTION),
    (&["datadome", "_px", "_px2", "_px3", "_pxhd", "_pxde", "incap_ses_*", "nlbi_*", "reese84"], DETECTION),
    // Read in next-auth 4.24.15, core/routes/session.js, and @auth/core 0.34.3, lib/actions/session.js: the token is
    // encrypted anew for every call of the session's address. A large one is cut into NAME.0, NAME.1 and so on.
    (
        &[
            "next-auth.session-token*",
            "__Secure-next-auth.session-token*",
            "authjs.session-token*",
            "__Secure-authjs.session-token*",
        ],
        Changes("the session is encrypted anew whenever it is read"),
    ),
    // Read in @auth0/nextjs-auth0 3.8.0 and express-openid-connect 3.4.0: `rolling` is the default.
    (&["appSession", "appSession.*"], Changes("a rolling session is encrypted anew with every response")),
    // https://clerk.com/docs/guides/how-clerk-works/overview: Clerk's lasts for a minute. nextjs-auth0 4 uses it as well.
    (
        &["__session", "__session_*", "__client_uat*"],
        Changes("it holds a token or an encrypted session, written anew all the time"),
    ),
    // https://api.rubyonrails.org/classes/ActionDispatch/Session/CookieStore.html: all of the session, encrypted.
    (&["_*_session"], Changes("Rails encrypts the session anew with every response")),
    // https://laravel.com/docs/responses#cookies-and-encryption: encrypted with a random vector, with every response.
    (&["laravel_session", "laravel-session", "XSRF-TOKEN"], Changes("Laravel encrypts it anew with every response")),
    // Seen with koa-session 7.0.2 (`rolling`) and iron-session 8.0.4; their signatures follow.
    (&["koa.sess", "*.sig"], Changes("it changes with everything that is in the session")),
    // https://learn.microsoft.com/aspnet/core/security/authentication/cookie: SlidingExpiration.
    (
        &[".AspNetCore.Cookies*", ".AspNetCore.Identity.Application", ".ASPXAUTH"],
        Changes("a sliding expiration writes it anew"),
    ),
    // https://www.better-auth.com/docs/concepts/session-management (cookie cache), https://workos.com/docs/user-management,
    // https://www.playframework.com/documentation/latest/JavaSessionFlash, Rack::Session::Cookie, and
    // https://codeigniter.com/user_guide/libraries/sessions.html (sess_time_to_update).
    (
        &[
            "better-auth.session_data",
            "__Secure-better-auth.session_data",
            "wos-session",
            "PLAY_SESSION",
            "rack.session",
        ],
        Changes("it holds the session itself, written anew with whatever changes in it"),
    ),
    (&["ci_session"], Changes("CodeIgniter gives the session a new name every few minutes")),
    // https://learn.microsoft.com/aspnet/core/security/anti-request-forgery
    (
        &["_csrf", "__RequestVerificationToken*", ".AspNetCore.Antiforgery.*"],
        Changes("a token against forged requests is made anew for every session or form"),
    ),
    // https://supabase.com/docs/guides/auth/sessions and
    // https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html
    (&["sb-*-auth-token", "sb-*-auth-token.*", "CognitoIdentityServiceProvider.*"], TOKEN),
    (
        &[
            "access_token",
            "accessToken",
            "access-token",
            "id_token",
            "idToken",
            "refresh_token",
            "refreshToken",
            "jwt",
            "token",
        ],
        TOKEN,
    ),
    // https://support.google.com/analytics/answer/11397207: the state of a session. `_ga` itself stays for two years.
    (
        &[
            "_ga_*",
            "_gid",
            "_gat",
            "_gat_*",
            "_hjSession_*",
            "_dd_s",
            "_clsk",
            "_uetsid",
            "ai_session",
            "_pk_ses.*",
            "__hssc",
        ],
        Changes("it holds the state of a visit, not a visitor"),
    ),
    (&["theme", "lang", "locale", "NEXT_LOCALE", "currency"], Shared("it has few values")),
];

/// Cookies that stay the same, and how they are written.
const SPELLINGS: [&str; 7] =
    ["PHPSESSID", "JSESSIONID", "ASP.NET_SessionId", ".AspNetCore.Session", "connect.sid", "sessionid", "_ga"];

/// Headers, by name; a `*` stands for any text. Those that no function sees are refused before.
const HEADERS: &[(&[&str], Unfit)] = &[
    // https://www.w3.org/TR/trace-context/
    (
        &[
            "traceparent",
            "tracestate",
            "x-amzn-trace-id",
            "x-b3-*",
            "b3",
            "uber-trace-id",
            "x-cloud-trace-context",
            "sentry-trace",
            "baggage",
            "x-datadog-*",
            "newrelic",
        ],
        Changes("it names a request, not a visitor"),
    ),
    (
        &[
            "x-request-id",
            "x-correlation-id",
            "request-id",
            "correlation-id",
            "idempotency-key",
            "cf-ray",
            "x-trace-id",
            "x-request-start",
            "x-amz-request-id",
            "x-ms-request-id",
            "x-nonce",
            "last-event-id",
        ],
        Changes("it names a request, not a visitor"),
    ),
    (
        &[
            "date",
            "x-amz-date",
            "x-timestamp",
            "x-amz-content-sha256",
            "content-md5",
            "digest",
            "content-digest",
            "signature",
            "signature-input",
        ],
        Changes("it differs from request to request"),
    ),
    // https://www.rfc-editor.org/rfc/rfc9110: what a request is for, and what the browser has of it already.
    (
        &[
            "accept",
            "cache-control",
            "content-encoding",
            "content-length",
            "content-type",
            "if-*",
            "origin",
            "pragma",
            "priority",
            "purpose",
            "range",
            "referer",
            "sec-fetch-*",
            "sec-purpose",
            "sec-websocket-*",
            "te",
            "transfer-encoding",
            "upgrade-insecure-requests",
            "x-requested-with",
            "access-control-*",
            "service-worker*",
        ],
        Changes("it differs between a page and its assets"),
    ),
    // Next.js and htmx.
    (&["rsc", "next-*", "x-nextjs-data", "hx-*", "turbo-frame"], Changes("it differs between a page and its assets")),
    // https://developer.mozilla.org/docs/Web/HTTP/Guides/Client_hints: they change with network and window.
    (
        &["downlink", "ect", "rtt", "save-data", "width", "viewport-width", "device-memory", "sec-ch-viewport-*"],
        Changes("it changes with the visitor's network and window"),
    ),
    // What a viewer sent: CloudFront appends the address on the way to the origin only.
    (
        &["forwarded", "x-forwarded-for", "true-client-ip", "x-client-ip", "cf-connecting-ip"],
        Changes("proxies write it, viewers may write anything into it, and most requests have none; take client-ip"),
    ),
    (&["authorization", "x-amz-security-token", "x-csrf-token", "x-xsrf-token", "x-csrftoken", "dpop"], TOKEN),
    (
        &[
            "host",
            "accept-encoding",
            "accept-language",
            "accept-charset",
            "dnt",
            "sec-gpc",
            "sec-ch-ua*",
            "sec-ch-prefers-*",
            "cdn-loop",
            "x-forwarded-host",
            "x-forwarded-port",
        ],
        Shared("it has few values"),
    ),
    (
        &["set-cookie", "etag", "age", "vary", "expires", "last-modified", "location", "server", "server-timing"],
        Absent("it is a header of responses"),
    ),
];

/// What is known against a cookie.
pub(super) fn cookie(name: &str) -> Option<Unfit> {
    let spelling = SPELLINGS.iter().find(|known| known.eq_ignore_ascii_case(name) && **known != name);
    find(COOKIES, name).or(spelling.map(|known| Misspelt(known)))
}

/// What is known against a header; the name in lower case.
pub(super) fn header(name: &str) -> Option<Unfit> {
    find(HEADERS, name)
}

fn find(table: &[(&[&str], Unfit)], name: &str) -> Option<Unfit> {
    let row = table.iter().find(|(patterns, _)| patterns.iter().any(|pattern| matches(pattern, name)))?;
    Some(row.1)
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((prefix, after)) = pattern.split_once('*') else { return pattern.eq_ignore_ascii_case(name) };
    let begins = name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    let rest = name.get(prefix.len()..).unwrap_or_default();
    begins && (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches(after, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_with_gaps() {
        for (pattern, name, expected) in [
            ("AWSALB", "AWSALB", true),
            ("AWSALB", "awsalb", true),
            ("AWSALB", "AWSALBCORS", false),
            ("_*_session", "_shop_session", true),
            ("_*_session", "_session", false),
            ("_*_session", "shop_session", false),
            ("_ga_*", "_ga_ABC123", true),
            ("_ga_*", "_ga", false),
            ("*.sig", "session.sig", true),
            ("sb-*-auth-token.*", "sb-abc-auth-token.12", true),
            ("sb-*-auth-token.*", "sb-abc-auth-token", false),
            ("sb-*-auth-token.*", "sb-a-auth-token-b-auth-token.0", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn cookies_that_stay_are_not_in_the_table() {
        // Seen to keep their value, or documented to: express-session 1.19.0 (`rolling`), Django 5.2, PHP, Servlet,
        // ASP.NET, Google Analytics, Imperva.
        for name in SPELLINGS {
            assert_eq!(cookie(name), None, "{name}");
        }
        for name in ["session", "sid", "csrftoken", "visid_incap_1", "my_session", "user_session", "visitor", "uid"] {
            assert_eq!(cookie(name), None, "{name}");
        }
        assert_eq!(cookie("phpsessid"), Some(Misspelt("PHPSESSID")));
    }

    #[test]
    fn headers_of_the_user_s_own_are_not_in_the_table() {
        for name in ["user-agent", "x-device-id", "x-user-id", "x-visitor", "x-tenant"] {
            assert_eq!(header(name), None, "{name}");
        }
    }
}
