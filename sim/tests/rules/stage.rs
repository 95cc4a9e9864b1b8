//! A distribution on an ephemeral port, with closures for functions and origins.

use std::{collections::HashMap, future::Future, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use http::{Method, Request, Response, StatusCode, response::Parts};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use onebox_edge::{Config, Trigger};
use onebox_sim::{CachePolicy, Clock, Distribution, Fault, Functions, Rule, Runtime, Settings, listen};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::props::{Closures, Hands, Watcher, serve};

/// The domain of the distribution's configured origin.
pub(crate) const REGULAR: &str = "regular.test";
/// The domain of the other one.
pub(crate) const ONE_BOX: &str = "onebox.test";

/// A configuration with a share: everybody on the one-box, or nobody.
pub(crate) fn config(share: &str) -> Config {
    with_share(&format!("\"{share}\""))
}

/// A configuration with a share in JSON, which may be a schedule.
pub(crate) fn with_share(share: &str) -> Config {
    let json = r#"{
        "release": {"id": "web-1", "share": SHARE},
        "partition": {"keys": ["cookie:sid"], "header": "X-Req-Partition", "salt": "web-1"},
        "origins": {"regular": {"domain": "regular.test", "protocol": "http"}, "one-box": {"domain": "onebox.test"}},
        "debug": {"response_header": false}
    }"#;
    Config::from_json(&json.replace("SHARE", share)).unwrap()
}

/// The same with pins, which viewer-response writes.
pub(crate) fn pinned(share: &str) -> Config {
    let json = config(share).to_json();
    Config::from_json(&json.replacen('{', r#"{"pin":{},"#, 1)).unwrap()
}

/// What a function returns that changes nothing.
pub(crate) fn unchanged(trigger: Trigger, event: &Value) -> Value {
    event["Records"][0]["cf"][trigger.message()].clone()
}

/// What a distribution is set up with before it starts.
pub(crate) struct Setup {
    pub(crate) settings: Settings,
    functions: Option<Arc<dyn Functions>>,
    runtime: Runtime,
    hands: Hands,
    watcher: Arc<Watcher>,
}

impl Setup {
    /// Native handlers, and nobody on the one-box.
    pub(crate) fn new() -> Self {
        Self::of(config("0%"))
    }

    pub(crate) fn of(config: Config) -> Self {
        let hands = Hands::default();
        let clock = hands.clone();
        let settings = Settings { clock: Clock::new(move || clock.now()), ..Settings::new(config) };
        Self { settings, functions: None, runtime: Runtime::Native, hands, watcher: Arc::default() }
    }

    pub(crate) fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub(crate) fn cache_policy(self, change: impl FnOnce(&mut CachePolicy)) -> Self {
        self.settings(|settings| change(&mut settings.cache_policy))
    }

    pub(crate) fn runtime(mut self, runtime: Runtime) -> Self {
        self.runtime = runtime;
        self
    }

    pub(crate) fn functions(
        self,
        function: impl Fn(Trigger, Value) -> Result<Value, Fault> + Send + Sync + 'static,
    ) -> Self {
        self.slow_functions(move |trigger, event| std::future::ready(function(trigger, event)).boxed())
    }

    pub(crate) fn slow_functions(
        mut self,
        function: impl Fn(Trigger, Value) -> BoxFuture<'static, Result<Value, Fault>> + Send + Sync + 'static,
    ) -> Self {
        self.functions = Some(Arc::new(Closures(function)));
        self
    }

    /// One trigger returns something of its own; the others change nothing.
    pub(crate) fn returning(self, at: Trigger, change: impl Fn(Value) -> Value + Send + Sync + 'static) -> Self {
        self.functions(move |trigger, event| {
            let result = unchanged(trigger, &event);
            Ok(if trigger == at { change(result) } else { result })
        })
    }

    /// Starts with an origin that is a closure; it serves both domains.
    pub(crate) async fn origin(
        self,
        answer: impl Fn(Request<Bytes>) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Stage {
        self.slow_origin(move |request| std::future::ready(answer(request))).await
    }

    pub(crate) async fn slow_origin<F>(self, answer: impl Fn(Request<Bytes>) -> F + Send + Sync + 'static) -> Stage
    where
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let address = serve(answer).await;
        self.at(address).await
    }

    /// Starts with an origin that speaks whatever it likes on its connections.
    pub(crate) async fn raw_origin<F>(self, speak: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Stage
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(speak(stream));
            }
        });
        self.at(address).await
    }

    /// Starts with both domains at one address.
    pub(crate) async fn at(mut self, address: SocketAddr) -> Stage {
        self.settings.resolve.extend(HashMap::from([(REGULAR.into(), address), (ONE_BOX.into(), address)]));
        self.start().await
    }

    pub(crate) async fn start(self) -> Stage {
        let watcher = self.watcher.clone();
        let distribution = match self.functions {
            Some(functions) => Distribution::with_functions(self.settings, functions, watcher.clone()).unwrap(),
            None => Distribution::start(self.settings, self.runtime, watcher.clone()).await.unwrap(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let listening = tokio::spawn(listen(listener, distribution.clone(), async {
            let _ = stopped.await;
        }));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Stage { distribution, address, watcher, hands: self.hands, client, stop: Some(stop), listening }
    }
}

/// A distribution that is running.
pub(crate) struct Stage {
    pub(crate) distribution: Distribution,
    pub(crate) address: SocketAddr,
    pub(crate) watcher: Arc<Watcher>,
    pub(crate) hands: Hands,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: Option<oneshot::Sender<()>>,
    listening: JoinHandle<std::io::Result<()>>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.head.status
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn x_cache(&self) -> &str {
        self.header("x-cache").unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Stage {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(Method::GET, path, headers).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_send(method, path, headers, "").await.unwrap()
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &'static str,
    ) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, body) = self.client.request(request.body(Full::from(body))?).await?.into_parts();
        Ok(Answer { head, body: body.collect().await?.to_bytes() })
    }

    /// Stops listening; the future is ready when it has stopped.
    pub(crate) fn stop(&mut self) -> impl Future<Output = ()> {
        drop(self.stop.take());
        async { (&mut self.listening).await.unwrap().unwrap() }
    }

    /// The rules that were broken by the last answered request.
    pub(crate) fn last_failures(&self) -> Vec<Rule> {
        let records = self.watcher.records.lock().unwrap();
        records.last().unwrap().failures.iter().map(|failure| failure.rule).collect()
    }

    pub(crate) fn broken(&self) -> Vec<Rule> {
        self.watcher.broken.lock().unwrap().iter().map(|violation| violation.rule).collect()
    }
}
