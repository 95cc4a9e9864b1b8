//! One configuration, one place: where every runtime sends a request of the one-box.

use std::{path::Path, process::Command};

use fastrand::Rng;
use onebox_core::{Origin, S3Domain, Time};
use onebox_edge::{Config, Moves, handle};
use onebox_origin_request::OriginRequest;
use serde_json::{Map, Value, json};

use crate::{Desk, njs, node};

/// How many random configurations are packaged.
const SITES: usize = 24;

/// The origins of random configurations; a bucket is regular only where the one-box is a bucket, too.
const ORIGINS: [(&[&str], &[&str]); 3] = [
    (&["reg.example.org"], &["box.example.org", "reg.example.org", "box.s3.eu-central-1.amazonaws.com"]),
    (
        &["web.s3.amazonaws.com", "web.s3.eu-west-1.amazonaws.com", "web.s3-eu-west-1.amazonaws.com"],
        &[
            "box.s3.amazonaws.com",
            "Box.s3.dualstack.eu-central-1.amazonaws.com",
            "web.s3.dualstack.eu-west-1.amazonaws.com",
        ],
    ),
    (&["reg.example.org"], &["box.example.org"]),
];

#[test]
fn every_runtime_sends_a_request_of_the_one_box_to_the_same_place() {
    let desk = Desk::empty();
    let mut rng = Rng::with_seed(4);
    let mut sites = Vec::new();
    while sites.len() < SITES {
        sites.extend(Site::random(&mut rng, &desk, sites.len()));
    }
    let events: Vec<Value> = sites.iter().map(|site| json!([site.folder, site.event()])).collect();
    let bundles = run(&mut Command::new(node()), &desk, "bundles.mjs", BUNDLES, &events);
    let functions: Vec<Value> = sites.iter().map(|site| json!(site.function)).collect();
    let in_njs = run(&mut Command::new(njs()), &desk, "functions.js", &cloudfront(&functions), &[]);
    let in_node = run(&mut Command::new(node()), &desk, "functions.cjs", &cloudfront(&functions), &[]);
    let mut kinds = [0, 0];
    for (at, site) in sites.iter().enumerate() {
        let native = handle(&OriginRequest::new(&site.config), &site.event().to_string(), Time::MIN).unwrap();
        let native = place(&serde_json::from_str(&native).unwrap());
        for (runtime, answer) in [
            ("Node.js bundle", place(&bundles[at])),
            ("CloudFront Function in njs", site.moved(&in_njs[at])),
            ("CloudFront Function in Node.js", site.moved(&in_node[at])),
        ] {
            assert_eq!(answer, native, "{runtime}: {}", site.toml);
        }
        kinds[usize::from(native["port"].is_null())] += 1;
    }
    assert!(kinds.iter().all(|count| *count >= 3), "{kinds:?}");
}

/// The example of the report: http on 8080, of which the one-box says the port alone.
#[test]
fn a_one_box_that_names_its_port_alone_is_spoken_to_as_the_regular_origin_is() {
    let desk = Desk::empty();
    let regular = json!({ "domain": "reg.example.org", "protocol": "http", "port": 8080 });
    let one_box = json!({ "domain": "box.example.org", "port": 8080 });
    let site = Site::packaged(&desk, 0, &regular, &one_box, "origin = \"function\"").unwrap();
    let expected = json!({ "domain": "box.example.org", "host": "box.example.org", "path": "", "protocol": "http",
        "port": 8080, "tls": ["TLSv1.2"] });
    let native = handle(&OriginRequest::new(&site.config), &site.event().to_string(), Time::MIN).unwrap();
    assert_eq!(place(&serde_json::from_str(&native).unwrap()), expected);
    let source = cloudfront(&[json!(site.function)]);
    assert_eq!(site.moved(&run(&mut Command::new(njs()), &desk, "functions.js", &source, &[])[0]), expected);
}

/// A packaged configuration.
struct Site {
    toml: String,
    folder: String,
    function: String,
    config: Config,
}

impl Site {
    fn random(rng: &mut Rng, desk: &Desk, number: usize) -> Option<Self> {
        let (regular, one_box) = ORIGINS[rng.usize(..ORIGINS.len())];
        let is_bucket = S3Domain::of(regular[0].as_bytes()).is_some();
        let mut origin = |domains: &[&str]| {
            let mut origin = json!({ "domain": domains[rng.usize(..domains.len())] });
            let mut maybe = |name: &str, values: &[Value]| {
                if rng.bool() {
                    origin[name] = values[rng.usize(..values.len())].clone();
                }
            };
            maybe("path", &[json!(""), json!("/v1"), json!("/v2")]);
            maybe("host", &[json!("shop.example.org"), json!("REG.example.org")]);
            if !is_bucket {
                maybe("port", &[json!(80), json!(443), json!(8080), json!(8443)]);
                maybe("protocol", &[json!("http"), json!("https")]);
            }
            origin
        };
        let (regular, one_box) = (origin(regular), origin(one_box));
        let function = ["origin = \"function\"", "origin = \"function\"\none_box_id = \"box\""][rng.usize(..2)];
        Self::packaged(desk, number, &regular, &one_box, function)
    }

    /// None where both origins are one.
    fn packaged(desk: &Desk, number: usize, regular: &Value, one_box: &Value, function: &str) -> Option<Self> {
        let table = |origin: &Value| {
            origin.as_object().unwrap().iter().map(|(name, value)| format!("{name} = {value}\n")).collect::<String>()
        };
        let toml = format!(
            "[release]\nid = \"web-1\"\nshare = \"100%\"\n[partition]\nkeys = [\"client-ip\"]\n\
             [origins.regular]\n{}[origins.one-box]\n{}[function]\n{function}\n",
            table(regular),
            table(one_box)
        );
        desk.write("onebox.toml", toml.as_bytes());
        let folder = format!("dist{number}");
        let done = desk.run(&["package", "--out", &folder]);
        if done.err.contains("is the regular origin") {
            return None;
        }
        assert_eq!(done.code, Some(0), "{toml}{}", done.err);
        let text = |name: &str| String::from_utf8(desk.read(&format!("{folder}/{name}"))).unwrap();
        let config = Config::from_json(&text("origin-request/config.json")).unwrap();
        Some(Self { toml, function: text("viewer-request.cff.js"), config, folder })
    }

    /// The origin of a distribution that is set up as this configuration says.
    fn distribution(origin: &Origin) -> Value {
        let (domain, path) = (&origin.domain, origin.path.as_deref().unwrap_or_default());
        if S3Domain::of(domain.as_bytes()).is_some() && origin.port.is_none() && origin.protocol.is_none() {
            return json!({ "s3": { "customHeaders": {}, "domainName": domain, "path": path, "authMethod": "none",
                "region": "" } });
        }
        let (protocol, port) = origin.connection();
        json!({ "custom": { "customHeaders": {}, "domainName": domain, "path": path, "port": port, "protocol": protocol,
            "keepaliveTimeout": 5, "readTimeout": 30, "sslProtocols": ["TLSv1.2"] } })
    }

    /// The event of origin-request, in which Host is the viewer's, as under a policy that forwards it.
    fn event(&self) -> Value {
        json!({ "Records": [{ "cf": { "config": { "eventType": "origin-request" }, "request": {
            "clientIp": "198.51.100.7", "method": "GET", "uri": "/", "querystring": "",
            "headers": {
                "host": [{ "key": "Host", "value": "viewer.example.org" }],
                "x-req-partition": [{ "key": "X-Req-Partition", "value": "one-box" }],
            },
            "origin": Self::distribution(&self.config.origins.regular),
        } } }] })
    }

    /// Where a function's call of a helper moves the request:
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>.
    fn moved(&self, call: &Value) -> Value {
        let is_selected = matches!(self.config.function.moves, Moves::Select(_));
        assert_eq!(call["select"].as_str(), is_selected.then_some("box"), "{call}");
        let said = &call["origin"];
        let mut origin = match is_selected {
            // Its own settings in the distribution are those that the configuration describes.
            true => {
                let mut origin = Self::distribution(&self.config.origins.destination());
                if Self::distribution(&self.config.origins.regular).get("custom").is_some()
                    && origin.get("s3").is_some()
                {
                    origin = json!({ "custom": { "domainName": origin["s3"]["domainName"], "path": origin["s3"]["path"],
                        "port": 443, "protocol": "https", "sslProtocols": ["TLSv1.2"] } });
                }
                origin
            }
            false => Self::distribution(&self.config.origins.regular),
        };
        let fields = origin.as_object_mut().unwrap().values_mut().next().unwrap().as_object_mut().unwrap();
        let names = [("domainName", "domainName"), ("originPath", "path")];
        fields.extend(names.iter().filter_map(|(from, to)| Some(((*to).to_owned(), said.get(from)?.clone()))));
        if !is_selected && fields.contains_key("port") {
            let connection = said["customOriginConfig"].as_object().unwrap_or_else(|| panic!("{call}"));
            assert_eq!(connection.keys().collect::<Vec<_>>(), ["port", "protocol", "sslProtocols"]);
            fields.extend(connection.clone());
        } else {
            assert_eq!(said.get("customOriginConfig"), None, "{call}");
        }
        place(&json!({ "headers": { "host": [{ "value": said["hostHeader"] }] }, "origin": origin }))
    }
}

/// What a request's origin is, as far as a configuration says it.
fn place(request: &Value) -> Value {
    let origin = request["origin"].as_object().unwrap().values().next().unwrap();
    let mut place = Map::from_iter([("host".to_owned(), request["headers"]["host"][0]["value"].clone())]);
    for (from, to) in [
        ("domainName", "domain"),
        ("path", "path"),
        ("port", "port"),
        ("protocol", "protocol"),
        ("sslProtocols", "tls"),
    ] {
        place.extend(origin.get(from).map(|value| (to.to_owned(), value.clone())));
    }
    place.into()
}

/// Imports the bundle of every line and prints what its handler returns.
const BUNDLES: &str = "
import { readFileSync } from 'node:fs';
for (const line of readFileSync(0, 'utf8').split('\\n').filter(Boolean)) {
    const [folder, event] = JSON.parse(line);
    const { handler } = await import(`./${folder}/origin-request/index.mjs`);
    console.log(JSON.stringify(await handler(event)));
}
";

/// Functions as one script that prints what each of them calls. Only a module can import: the helpers are handed in.
fn cloudfront(functions: &[Value]) -> String {
    let made = functions.iter().map(|function| {
        let source = function.as_str().unwrap();
        let (import, body) = source.split_once(';').unwrap();
        assert!(import.starts_with("import cf from") && import.contains("cloudfront"), "{import}");
        format!("function (cf) {{ {body}\nreturn handler; }}")
    });
    format!(
        "const made = [{}];
         for (let at = 0; at < made.length; at++) {{
             let call = null;
             const handler = made[at]({{
                 updateRequestOrigin: (origin) => {{ call = {{ origin: origin }}; }},
                 selectRequestOriginById: (id, origin) => {{ call = {{ select: id, origin: origin || {{}} }}; }},
             }});
             const request = {{ method: 'GET', uri: '/', querystring: {{}}, headers: {{}}, cookies: {{}} }};
             const result = handler({{ version: '1.0', viewer: {{ ip: '198.51.100.7' }}, request: request }});
             if (result.headers['x-req-partition'].value !== 'one-box') throw new Error('it is regular');
             console.log(JSON.stringify(call));
         }}",
        made.collect::<Vec<_>>().join(",\n")
    )
}

/// Runs a script in the desk's folder and reads the lines that it prints.
fn run(command: &mut Command, desk: &Desk, name: &str, script: &str, lines: &[Value]) -> Vec<Value> {
    desk.write(name, script.as_bytes());
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let input = desk.write(&format!("{name}.in"), input.as_bytes());
    let output = command
        .arg(Path::new(name))
        .current_dir(desk.path())
        .stdin(std::fs::File::open(input).unwrap())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {log}");
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A request of the one-box that is neither moved nor there already is tagged as moved, and cached as such.
#[test]
fn a_one_box_request_with_an_unknown_origin_is_logged_once_in_a_start() {
    let desk = Desk::empty();
    let origin = |domain: &str| json!({ "domain": domain });
    let site = Site::packaged(&desk, 0, &origin("reg.example.org"), &origin("box.example.org"), "").unwrap();
    let event = |domain: &str, partition: &str| {
        let mut event = site.event();
        let request = &mut event["Records"][0]["cf"]["request"];
        request["headers"]["x-req-partition"][0]["value"] = partition.into();
        request["origin"]["custom"]["domainName"] = domain.into();
        event
    };
    let known = [("reg.example.org", "one-box"), ("BOX.example.org", "one-box"), ("spare.example.org", "regular")];
    let unknown =
        [("spare.example.org", "one-box"), ("other.example.org", "one-box"), ("spare.example.org", "one-box")];
    for (events, expected) in [(&known[..], 0), (&unknown, 1), (&known, 0)] {
        let lines: Vec<Value> =
            events.iter().map(|(domain, partition)| json!([site.folder, event(domain, partition)])).collect();
        desk.write("log.mjs", BUNDLES.as_bytes());
        let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let input = desk.write("log.in", input.as_bytes());
        let mut node = Command::new(node());
        let output = node.arg("log.mjs").current_dir(desk.path()).stdin(std::fs::File::open(input).unwrap()).output();
        let log = String::from_utf8(output.unwrap().stderr).unwrap();
        assert_eq!(log.lines().count(), expected, "{log}");
        assert!(log.is_empty() || log.contains("neither origins.regular nor origins.one-box"), "{log}");
        assert!(log.is_empty() || log.trim_end().ends_with(": \"spare.example.org\""), "{log}");
    }
}

#[test]
fn check_warns_of_origins_that_hardly_go_together() {
    let warned = |regular: &str, one_box: &str, function: &str| {
        let desk = Desk::with(&format!(
            "[release]\nid = \"web-1\"\nshare = \"50%\"\n[partition]\nkeys = [\"cookie:session\"]\n[pin]\n\
             [origins.regular]\n{regular}\n[origins.one-box]\n{one_box}\n[function]\n{function}\n"
        ));
        let done = desk.run(&["check", "--json"]);
        let result: Value = serde_json::from_str(&done.out).unwrap();
        let packaged = desk.run(&["package"]).err;
        let fields = result["warnings"].as_array().unwrap().iter().map(|warning| {
            let message = warning["message"].as_str().unwrap();
            let is_said = message.contains("function.origin = \"function\"");
            assert_eq!(packaged.contains(message), is_said, "{message} is not in {packaged}");
            warning["field"].as_str().unwrap()
        });
        fields.filter(|field| field.starts_with("origins.")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (bucket, api) = ("domain = \"web.s3.amazonaws.com\"", "domain = \"box.example.org\"");
    let (west, east) = ("domain = \"web.s3.eu-west-1.amazonaws.com\"", "domain = \"box.s3.us-east-1.amazonaws.com\"");
    let (global, other) = ("domain = \"box.s3.amazonaws.com\"", "domain = \"other.example.org\"");
    let http = "domain = \"reg.example.org\"\nprotocol = \"http\"\nport = 80";
    for (regular, one_box, function, expected) in [
        (bucket, api, "", &["origins.one-box.domain"][..]),
        (bucket, api, "origin = \"function\"", &[]),
        (api, bucket, "", &["origins.one-box.domain"]),
        (api, bucket, "origin = \"function\"", &[]),
        (west, east, "", &[]),
        (west, global, "", &["origins.one-box.domain"]),
        (bucket, global, "", &["origins.one-box.domain"]),
        (bucket, global, "origin = \"function\"", &[]),
        (bucket, east, "", &[]),
        (
            bucket,
            &format!("{global}\npath = \"/v2\""),
            "origin = \"function\"\none_box_id = \"box\"",
            &["origins.one-box.path"],
        ),
        (
            api,
            &format!("{other}\nport = 8080\nprotocol = \"http\""),
            "origin = \"function\"\none_box_id = \"box\"",
            &["origins.one-box.port", "origins.one-box.protocol"],
        ),
        (http, api, "", &[]),
        (http, &format!("{api}\nprotocol = \"https\""), "", &["origins.one-box.port"]),
        (http, &format!("{api}\nprotocol = \"https\"\nport = 443"), "", &[]),
        (http, &format!("{api}\nport = 443"), "", &["origins.one-box.protocol"]),
        (http, &format!("{api}\nport = 8080"), "", &[]),
    ] {
        assert_eq!(warned(regular, one_box, function), expected, "{regular}\n{one_box}\n{function}");
    }
}
