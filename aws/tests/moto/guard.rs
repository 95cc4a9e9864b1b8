//! Guard aliases against moto, patched to keep AWS's rules: a version that an alias points to cannot be deleted.

use std::sync::Mutex;

use aws_sdk_lambda::error::ProvideErrorMetadata;
use onebox_aws::{Aws, Calls};
use onebox_release::{Answer, Call, ErrorKind, Reply, Routing};
use serde_json::json;

use crate::{
    aws, config,
    scenario::{Clock, FUNCTIONS, SCENARIOS, drive, end, events, plan},
    server::moto,
};

const GUARD: &str = "onebox-keep-web-1-1";

fn create(alias: &str, version: &str) -> Call {
    let (function, alias, version) = ("orders".into(), alias.into(), version.into());
    Call::CreateAlias { function, alias, version, description: "ours".into() }
}

fn delete(alias: &str) -> Call {
    Call::DeleteAlias { function: "orders".into(), alias: alias.into() }
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html>
#[tokio::test]
async fn an_alias_is_created_never_over_another_and_deleted_by_its_name() {
    let region = "ap-southeast-1";
    moto().tell(region, "account", &SCENARIOS[0].account());
    let aws = aws(region);
    let Ok(Reply::Alias(made)) = aws.call(&create(GUARD, "1")).await else { panic!("refused") };
    assert_eq!((&made.routing, &*made.description), (&Routing::wholly("1"), "ours"));
    let look = Call::GetAlias { function: "orders".into(), alias: GUARD.into() };
    assert_eq!(aws.call(&look).await, Ok(Reply::Alias(made)));
    for (call, kind) in [
        (create(GUARD, "2"), ErrorKind::Conflict),
        (create("other", "9"), ErrorKind::NotFound),
        (create("7", "1"), ErrorKind::Invalid),
        (create(&"a".repeat(129), "1"), ErrorKind::Invalid),
    ] {
        assert_eq!(aws.call(&call).await.unwrap_err().kind, kind, "{call:?}");
    }
    // One that does not exist is as good as deleted.
    for _ in 0..2 {
        assert_eq!(aws.call(&delete(GUARD)).await, Ok(Reply::Done));
    }
    assert_eq!(aws.call(&look).await.unwrap_err().kind, ErrorKind::NotFound);
}

/// A release, and a clean-up job that tries to delete the rollback target after every call.
struct Pruned {
    aws: Aws,
    job: aws_sdk_lambda::Client,
    region: &'static str,
    /// What it got while everything was on the new version.
    tried: Mutex<Vec<String>>,
}

impl Pruned {
    /// `DeleteFunction` of the version: the code of AWS's refusal, or "deleted".
    async fn prune(&self) -> String {
        let deleted = self.job.delete_function().function_name("orders").qualifier("1").send().await;
        let code = deleted.err().map(|error| error.code().unwrap_or("none").to_owned());
        code.unwrap_or_else(|| "deleted".to_owned())
    }
}

impl Calls for Pruned {
    async fn call(&self, call: &Call) -> Answer {
        let answer = self.aws.call(call).await;
        // The function's own alias has left the version.
        if moto().look(self.region, "account")["aliases"]["orders:live"]["version"] == "2"
            && !matches!(call, Call::DeleteAlias { .. })
        {
            let tried = self.prune().await;
            self.tried.lock().unwrap().push(tried);
        }
        answer
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html>
#[tokio::test]
async fn a_version_that_is_guarded_cannot_be_deleted() {
    let region = "ap-southeast-2";
    moto().tell(region, "account", &SCENARIOS[0].account());
    let http = aws_smithy_http_client::Builder::new().build_http();
    let job = aws_sdk_lambda::Client::new(&config(region).to_builder().http_client(http).build());
    let pruned = Pruned { aws: aws(region), job, region, tried: Mutex::default() };
    let mut plan = plan();
    // One function: its guard is deleted alone, at the very end.
    (plan.backends, plan.one_box, plan.regular) = (vec![plan.backends.remove(0)], None, None);
    let records = drive(&plan, &pruned, &Clock::default()).await;
    assert_eq!(end(&records), "released", "{:#?}", events(&records));
    let tried = pruned.tried.lock().unwrap().clone();
    assert!(tried.len() > 5, "{tried:?}");
    assert!(tried.iter().all(|code| code == "ResourceConflictException"), "{tried:?}");
    // When it is over nothing keeps the version.
    assert_eq!(pruned.prune().await, "deleted");
}

#[tokio::test]
async fn an_alias_of_a_guards_name_that_the_release_did_not_create_is_left_alone() {
    let region = "eu-south-1";
    let mut account = SCENARIOS[0].account();
    account["functions"]["orders"]["aliases"][GUARD] = json!("3");
    moto().tell(region, "account", &account);
    let records = drive(&plan(), &aws(region), &Clock::default()).await;
    assert_eq!(end(&records), "released");
    let told = format!("the alias orders:{GUARD} exists, and this release did not create it");
    assert!(events(&records).iter().any(|event| event.starts_with(&told)), "{:#?}", events(&records));
    let aliases = moto().look(region, "account")["aliases"].clone();
    assert_eq!(aliases[format!("orders:{GUARD}")], json!({ "version": "3", "weights": {} }));
    assert_eq!(aliases.as_object().unwrap().len(), FUNCTIONS.len() + 1, "{aliases}");
}
