//! The cookies that the page sets for whoever asks: a session, an override, and the end of what came before.

use http::{HeaderValue, Response, header::SET_COOKIE};
use onebox_core::Partition;
use onebox_sim::Body;

use crate::{board::Board, viewer::SESSION};

/// How long an override lasts, in seconds.
const FORCED: u32 = 3600;

/// Another session.
pub(crate) fn become_somebody(response: &mut Response<Body>) {
    set(response, &format!("{SESSION}={:016x}; Path=/; HttpOnly; SameSite=Lax", fastrand::u64(..)));
}

/// Nothing that onebox remembers of this browser: no pin, no override.
pub(super) fn forget(response: &mut Response<Body>, board: &Board) {
    board.cookies().for_each(|name| remove(response, &name));
}

/// A side, whatever is decided; or none, so that the decision counts again.
pub(super) fn force(response: &mut Response<Body>, board: &Board, side: Option<Partition>) {
    // Not Secure: some browsers take Secure cookies over HTTPS only, on this machine too.
    let cookie = |(name, token)| format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={FORCED}");
    match side {
        Some(side) => board.token(side, FORCED).map(cookie).into_iter().for_each(|cookie| set(response, &cookie)),
        None => board.forced().into_iter().for_each(|name| remove(response, &name)),
    }
}

/// A `__Host-` cookie is removed with the attributes that it needs to be set.
fn remove(response: &mut Response<Body>, name: &str) {
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    set(response, &format!("{name}=; Path=/{secure}; HttpOnly; SameSite=Lax; Max-Age=0"));
}

fn set(response: &mut Response<Body>, cookie: &str) {
    // Sessions, tokens and names of cookies are visible ASCII.
    HeaderValue::from_str(cookie).into_iter().for_each(|cookie| {
        response.headers_mut().append(SET_COOKIE, cookie);
    });
}
