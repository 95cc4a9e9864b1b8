//! An origin's body on its way to the viewer, and into the cache beside it.

use std::{collections::VecDeque, io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::stream::poll_fn;
use http_body::Body as _;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use crate::{
    body::Body,
    observe::Observer,
    rule::{Rule, Violation},
};

/// Takes a complete body; none if it is not complete or too large to keep.
pub(crate) type Kept = Box<dyn FnOnce(Option<Bytes>) + Send>;

/// How an origin's body is read.
pub(crate) struct Reading {
    /// How long each next part may take.
    pub(crate) timeout: Duration,
    /// When all of it has to be there.
    pub(crate) deadline: Option<Instant>,
    /// The largest body that is kept.
    pub(crate) limit: usize,
    /// Who hears of a body that is cut or too large.
    pub(crate) observer: Arc<dyn Observer>,
}

/// Reads an origin's body for a viewer, and for the cache if it wants it.
///
/// The cache's copy does not wait for a slow viewer, and is finished without one: others may be waiting for it.
pub(crate) fn stream(body: Incoming, reading: Reading, kept: Option<Kept>) -> Body {
    // One queue for data and error. http-body-util's channel has one for each, and may end the body while its last data
    // is only just arriving.
    let (sender, mut queue) = mpsc::channel::<io::Result<Bytes>>(4);
    let too_large = usize::try_from(body.size_hint().lower()).map_or(true, |size| size > reading.limit);
    let copy = match kept {
        Some(kept) if too_large => {
            reading.too_large();
            kept(None);
            None
        }
        Some(kept) => Some((BytesMut::new(), kept)),
        None => None,
    };
    tokio::spawn(Pump { body, reading, copy, viewer: Some(sender), waiting: VecDeque::new() }.run());
    StreamBody::new(poll_fn(move |context| queue.poll_recv(context).map_ok(Frame::data))).boxed_unsync()
}

impl Reading {
    fn next_by(&self) -> Instant {
        let next = Instant::now() + self.timeout;
        self.deadline.map_or(next, |deadline| deadline.min(next))
    }

    fn too_large(&self) {
        let detail = format!("an object of more than {} bytes passes without being kept", self.limit);
        self.observer.broken(&Violation::new(Rule::ObjectNotCached, detail));
    }
}

struct Pump {
    body: Incoming,
    reading: Reading,
    copy: Option<(BytesMut, Kept)>,
    viewer: Option<mpsc::Sender<io::Result<Bytes>>>,
    waiting: VecDeque<Bytes>,
}

/// What the pump does next.
enum Step {
    Read(Option<Result<Bytes, String>>),
    Sent(bool),
}

impl Pump {
    async fn run(mut self) {
        loop {
            match self.step().await {
                Step::Read(Some(Ok(bytes))) => self.take(bytes),
                Step::Read(Some(Err(detail))) => return self.cut(detail).await,
                Step::Read(None) => break,
                Step::Sent(true) => drop(self.waiting.pop_front()),
                Step::Sent(false) => self.leave(),
            }
            if self.viewer.is_none() && self.copy.is_none() {
                return;
            }
        }
        if let Some((copy, kept)) = self.copy {
            kept(Some(copy.freeze()));
        }
        if let Some(viewer) = self.viewer {
            for bytes in self.waiting {
                if viewer.send(Ok(bytes)).await.is_err() {
                    return;
                }
            }
        }
    }

    async fn step(&mut self) -> Step {
        let next_by = self.reading.next_by();
        // Without a copy to make, the origin is read no faster than the viewer.
        let read = self.copy.is_some() || self.waiting.is_empty();
        match (&self.viewer, self.waiting.front().cloned()) {
            (Some(viewer), Some(bytes)) => tokio::select! {
                sent = viewer.send(Ok(bytes)) => Step::Sent(sent.is_ok()),
                chunk = chunk(&mut self.body, next_by), if read => Step::Read(chunk),
            },
            _ => Step::Read(chunk(&mut self.body, next_by).await),
        }
    }

    fn take(&mut self, bytes: Bytes) {
        if let Some((copy, kept)) = self.copy.take() {
            if copy.len() + bytes.len() > self.reading.limit {
                self.reading.too_large();
                kept(None);
            } else {
                let mut copy = copy;
                copy.extend_from_slice(&bytes);
                self.copy = Some((copy, kept));
            }
        }
        if self.viewer.is_some() && !bytes.is_empty() {
            self.waiting.push_back(bytes);
        }
    }

    /// The viewer is gone: the copy has as long as one more part of the body, so that an endless one ends.
    fn leave(&mut self) {
        self.viewer = None;
        self.waiting.clear();
        self.reading.deadline = Some(self.reading.next_by());
    }

    /// The viewer's connection is cut as the origin's was; nothing partial is kept.
    async fn cut(mut self, detail: String) {
        if let Some((_, kept)) = self.copy.take() {
            kept(None);
        }
        self.reading.observer.broken(&Violation::new(Rule::OriginBodyCut, detail.clone()));
        self.waiting.clear();
        if let Some(viewer) = self.viewer {
            // A viewer who has left needs no error.
            let _ = viewer.send(Err(io::Error::other(detail))).await;
        }
    }
}

/// The next data of a body; trailers are dropped, as CloudFront drops them.
async fn chunk(body: &mut Incoming, by: Instant) -> Option<Result<Bytes, String>> {
    loop {
        match timeout_at(by, body.frame()).await {
            Err(_) => return Some(Err("the origin stopped in the middle of its answer".to_owned())),
            Ok(None) => return None,
            Ok(Some(Err(error))) => return Some(Err(format!("the origin's answer is cut: {error}"))),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
        }
    }
}
