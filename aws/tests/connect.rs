//! Whose credentials and which region count. Every case is a process of its own: this one, started again with the
//! environment of the case.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::Path,
    process::Command,
};

use onebox_aws::{Aws, Budget, Options};
use onebox_release::Call;

/// What the process is told that tries a case: a profile, a region and an endpoint, each `-` for none.
const TRY: &str = "--try-to-connect";

struct Case {
    name: &'static str,
    environment: &'static [(&'static str, &'static str)],
    options: [&'static str; 2],
    /// What is printed: whose key signed for which region, or why there was nobody to ask.
    says: &'static str,
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "ENVIRONMENT"), ("AWS_SECRET_ACCESS_KEY", "secret")];

const CASES: &[Case] = &[
    Case {
        name: "the environment's credentials and region",
        environment: &[KEYS[0], KEYS[1], ("AWS_REGION", "eu-west-1"), ("AWS_DEFAULT_REGION", "eu-west-2")],
        options: ["-", "-"],
        says: "ENVIRONMENT eu-west-1",
    },
    Case {
        name: "the default region",
        environment: &[KEYS[0], KEYS[1], ("AWS_DEFAULT_REGION", "eu-west-2")],
        options: ["-", "-"],
        says: "ENVIRONMENT eu-west-2",
    },
    Case {
        name: "--region before all",
        environment: &[KEYS[0], KEYS[1], ("AWS_REGION", "eu-west-1")],
        options: ["-", "eu-south-1"],
        says: "ENVIRONMENT eu-south-1",
    },
    Case { name: "the default profile", environment: &[], options: ["-", "-"], says: "DEFAULT us-east-1" },
    Case { name: "AWS_PROFILE", environment: &[("AWS_PROFILE", "shop")], options: ["-", "-"], says: "SHOP us-west-2" },
    Case {
        name: "the environment's credentials before AWS_PROFILE",
        environment: &[("AWS_PROFILE", "shop"), KEYS[0], KEYS[1]],
        options: ["-", "-"],
        says: "ENVIRONMENT us-west-2",
    },
    Case {
        name: "--profile before the environment's credentials",
        environment: &[KEYS[0], KEYS[1]],
        options: ["shop", "-"],
        says: "SHOP us-west-2",
    },
    Case { name: "credential_process", environment: &[], options: ["program", "-"], says: "PROGRAM us-east-1" },
    Case {
        name: "no region",
        environment: &[KEYS[0], KEYS[1], ("AWS_CONFIG_FILE", "nowhere")],
        options: ["-", "-"],
        says: "expected an AWS region: give --region",
    },
    Case {
        name: "no credentials",
        environment: &[
            ("AWS_REGION", "eu-west-1"),
            ("AWS_CONFIG_FILE", "nowhere"),
            ("AWS_SHARED_CREDENTIALS_FILE", "nowhere"),
        ],
        options: ["-", "-"],
        says: "expected AWS credentials: none were found",
    },
    Case {
        name: "an unknown profile",
        environment: &[("AWS_REGION", "eu-west-1")],
        options: ["nobody", "-"],
        says: "no profile nobody in ~/.aws/config or ~/.aws/credentials; expected one of default, program, shop",
    },
];

const CONFIG: &str = r#"
[default]
region = us-east-1
[profile shop]
region = us-west-2
[profile program]
region = us-east-1
credential_process = echo '{"Version":1,"AccessKeyId":"PROGRAM","SecretAccessKey":"secret"}'
"#;

const CREDENTIALS: &str = "
[default]
aws_access_key_id = DEFAULT
aws_secret_access_key = secret
[shop]
aws_access_key_id = SHOP
aws_secret_access_key = secret
";

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some(TRY) => try_to_connect(&arguments[1..]),
        _ => every_case(),
    }
}

fn every_case() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("config"), CONFIG).unwrap();
    fs::write(home.path().join("credentials"), CREDENTIALS).unwrap();
    let endpoint = endpoint();
    // Without the feature no program is asked.
    let cases = CASES.iter().filter(|case| cfg!(feature = "sso") || case.name != "credential_process");
    for case in cases {
        let options = [case.options[0], case.options[1], &endpoint];
        let said = run(home.path(), case.environment, options);
        assert!(said.starts_with(case.says), "{}: expected {:?}, got {said:?}", case.name, case.says);
        println!("test {} ... ok", case.name);
    }
    let environment = [KEYS[0], KEYS[1], ("AWS_ENDPOINT_URL", endpoint.as_str())];
    assert_eq!(run(home.path(), &environment, ["-", "-", "-"]), "ENVIRONMENT us-east-1");
    println!("test AWS_ENDPOINT_URL ... ok");
    let said = run(home.path(), &KEYS, ["-", "-", "localhost:4566"]);
    assert!(said.starts_with("expected --endpoint-url to be a URL such as"), "{said}");
    println!("test an endpoint that is no URL ... ok");
}

fn run(home: &Path, environment: &[(&str, &str)], options: [&str; 3]) -> String {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.arg(TRY).args(options).env_clear();
    process.env("PATH", std::env::var_os("PATH").unwrap()).env("AWS_EC2_METADATA_DISABLED", "true");
    process.env("AWS_CONFIG_FILE", home.join("config"));
    process.env("AWS_SHARED_CREDENTIALS_FILE", home.join("credentials"));
    let output = process.envs(environment.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// AWS that answers every request with its own credential scope: `<key>/<date>/<region>/lambda/aws4_request`.
fn endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let scope = head.iter().find_map(|line| line.split_once("Credential=")).unwrap().1;
            let parts: Vec<_> = scope.split(['/', ',']).collect();
            let arn = format!("arn:aws:lambda:{}:123456789012:function:orders:live", parts[2]);
            let body =
                format!(r#"{{"AliasArn":"{arn}","FunctionVersion":"{} {}","RevisionId":"r"}}"#, parts[0], parts[2]);
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

#[tokio::main(flavor = "current_thread")]
async fn try_to_connect(options: &[String]) {
    let [profile, region, endpoint_url] =
        [0, 1, 2].map(|place| Some(options[place].clone()).filter(|text| text != "-"));
    match Aws::connect(&Options { profile, region, endpoint_url, budget: Budget::LAMBDA }).await {
        Err(error) => println!("{error}"),
        Ok(aws) => {
            let answer = aws.call(&Call::GetAlias { function: "orders".into(), alias: "live".into() }).await;
            match answer.unwrap() {
                onebox_release::Reply::Alias(alias) => println!("{}", alias.routing.version),
                other => panic!("{other:?}"),
            }
        }
    }
}
