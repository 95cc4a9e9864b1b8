//! <https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html>

use onebox_release::{Call, ErrorKind, Reply, Routing};
use onebox_sim::control::{Code, Mover};

use crate::scene::{alias, get, live, noon, plane, refused, split, update};

/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html>
#[test]
fn an_alias_is_created_never_over_another_and_deleted_by_its_name() {
    let mut plane = plane();
    let create = |function: &str, alias: &str, version: &str, description: &str| Call::CreateAlias {
        function: function.into(),
        alias: alias.into(),
        version: version.into(),
        description: description.into(),
    };
    let made = alias(plane.call(&create("orders", "keep", "6", "ours"), noon()));
    assert_eq!((made.routing.clone(), &*made.description), (Routing::wholly("6"), "ours"));
    let look = Call::GetAlias { function: "orders".into(), alias: "keep".into() };
    assert_eq!(alias(plane.call(&look, noon())), made);
    let long = "x".repeat(257);
    for (call, kind, words) in [
        (create("orders", "keep", "6", "ours"), ErrorKind::Conflict, "Alias already exists"),
        (create("orders", "other", "9", ""), ErrorKind::NotFound, "orders:9"),
        (create("nothing", "keep", "1", ""), ErrorKind::NotFound, "nothing"),
        (create("orders", "7", "6", ""), ErrorKind::Invalid, "name"),
        (create("orders", "other", "6", &long), ErrorKind::Invalid, "description"),
    ] {
        refused(plane.call(&call, noon()), kind, words);
    }
    let delete = Call::DeleteAlias { function: "orders".into(), alias: "keep".into() };
    // <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html>
    let update = update(Routing::wholly("7"), &live(&mut plane).revision);
    plane.call(&update, noon()).unwrap();
    assert_eq!(plane.delete_version("orders", 6).unwrap_err().code, "ResourceConflictException");
    for _ in 0..2 {
        assert_eq!(plane.call(&delete, noon()), Ok(Reply::Done), "one that does not exist is as good as deleted");
    }
    plane.delete_version("orders", 6).unwrap();
    refused(plane.call(&look, noon()), ErrorKind::NotFound, "keep");
}

#[test]
fn a_revision_is_good_for_one_update() {
    let mut plane = plane();
    let first = live(&mut plane);
    let second = alias(plane.call(&update(split("6", "7", 1_000), &first.revision), noon()));
    assert_eq!(second.routing, split("6", "7", 1_000));
    refused(
        plane.call(&update(Routing::wholly("7"), &first.revision), noon()),
        ErrorKind::Precondition,
        "PreconditionFailedException: The Revision Id provided does not match the latest Revision Id.",
    );
    assert_eq!(live(&mut plane), second, "what is refused changes nothing");
}

#[test]
fn an_update_that_changes_nothing_rotates_the_revision() {
    let mut plane = plane();
    let first = live(&mut plane);
    let second = alias(plane.call(&update(first.routing.clone(), &first.revision), noon()));
    assert_eq!(second.routing, first.routing);
    assert_ne!(second.revision, first.revision);
}

#[test]
fn what_aws_refuses_is_refused() {
    let full = split("6", "7", 10_000);
    for (to, kind, words) in [
        (
            Routing::wholly("99"),
            ErrorKind::NotFound,
            "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:orders:99",
        ),
        (split("6", "99", 100), ErrorKind::NotFound, "function:orders:99"),
        (split("6", "6", 100), ErrorKind::Invalid, "Function version 6 is already included in routing configuration."),
        (
            split("$LATEST", "7", 100),
            ErrorKind::Invalid,
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ),
        (split("6", "$LATEST", 100), ErrorKind::Invalid, "ValidationException"),
        (split("6", "seven", 100), ErrorKind::Invalid, "ValidationException"),
        (Routing::wholly("seven"), ErrorKind::Invalid, "ValidationException"),
        (full, ErrorKind::Invalid, "have value between 0.0 and 1.0"),
    ] {
        let mut plane = plane();
        let before = live(&mut plane);
        refused(plane.call(&update(to, &before.revision), noon()), kind, words);
        assert_eq!(live(&mut plane), before);
    }
}

#[test]
fn both_versions_have_one_role_and_one_dead_letter_queue() {
    let (mut role, mut queue) = (Code::new("other role"), Code::new("other queue"));
    role.role = "arn:aws:iam::123456789012:role/other".into();
    queue.dead_letter = Some("arn:aws:sqs:eu-west-1:123456789012:letters".into());
    for (code, words) in [(role, "same execution role"), (queue, "same dead-letter queue")] {
        let mut plane = plane();
        plane.code("orders", code, noon()).unwrap();
        assert_eq!(plane.publish("orders", noon()).unwrap(), "8");
        let revision = live(&mut plane).revision;
        refused(plane.call(&update(split("6", "8", 100), &revision), noon()), ErrorKind::Invalid, words);
        // Alone it may differ.
        assert!(plane.call(&update(Routing::wholly("8"), &revision), noon()).is_ok());
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut plane = plane();
    let get = |function: &str, alias: &str| Call::GetAlias { function: function.into(), alias: alias.into() };
    refused(plane.call(&get("orders", "test"), noon()), ErrorKind::NotFound, "Cannot find alias arn: arn:aws:lambda:");
    refused(plane.call(&get("none", "live"), noon()), ErrorKind::NotFound, "Function not found: arn:aws:lambda:");
    refused(plane.call(&get("orders", "12"), noon()), ErrorKind::Invalid, "(?!^[0-9]+$)([a-zA-Z0-9-_]+)");
    refused(plane.call(&get("or ders", "live"), noon()), ErrorKind::Invalid, "functionName");
}

#[test]
fn a_function_has_many_names() {
    let mut plane = plane();
    for name in ["orders", "123456789012:function:orders", "arn:aws:lambda:eu-west-1:123456789012:function:orders"] {
        let get = Call::GetAlias { function: name.into(), alias: "live".into() };
        assert_eq!(alias(plane.call(&get, noon())).routing, Routing::wholly("6"), "{name}");
    }
}

#[test]
fn requests_are_split_by_weight() {
    let mut plane = plane();
    assert_eq!(plane.pick("orders", "live", 0.0), Some("6"));
    plane.alias("orders", "live", &split("6", "7", 2_500)).unwrap();
    assert_eq!(plane.pick("orders", "live", 0.2499), Some("7"));
    assert_eq!(plane.pick("orders", "live", 0.25), Some("6"));
    assert_eq!(plane.pick("orders", "none", 0.5), None);
}

#[test]
fn whoever_moved_an_alias_is_known() {
    let mut plane = plane();
    assert_eq!(plane.take_moves().len(), 1, "it was made");
    let revision = alias(plane.call(&get(), noon())).revision;
    plane.call(&update(split("6", "7", 1_000), &revision), noon()).unwrap();
    plane.alias("orders", "live", &Routing::wholly("5")).unwrap();
    let moves = plane.take_moves();
    let told: Vec<_> = moves.iter().map(|moved| (moved.by, moved.from.clone().unwrap(), moved.to.clone())).collect();
    let expected = [
        (Mover::Call, Routing::wholly("6"), split("6", "7", 1_000)),
        (Mover::Hand, split("6", "7", 1_000), Routing::wholly("5")),
    ];
    assert_eq!(told, expected);
    assert!(plane.take_moves().is_empty());
}
