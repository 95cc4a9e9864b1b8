//! The table `[function]`: what a CloudFront Function does.

use super::{DEFAULT_STORE_KEY, Function, Moves, Store, read::Reader};

pub(super) fn read(reader: &mut Reader<'_>) -> Function {
    Function { moves: moves(reader), store: store(reader) }
}

fn moves(reader: &mut Reader<'_>) -> Moves {
    let by_function = reader.optional("function.origin", origin).unwrap_or_default();
    let one_box_id = reader.optional("function.one_box_id", origin_id).map(str::to_owned);
    match one_box_id {
        Some(_) if !by_function => {
            reader.problem(
                "function.one_box_id",
                "is only used by function.origin = \"function\": add it, or remove this",
            );
            Moves::Lambda
        }
        Some(id) => Moves::Select(id),
        None if by_function => Moves::Update,
        None => Moves::Lambda,
    }
}

fn store(reader: &mut Reader<'_>) -> Option<Store> {
    let id = reader.optional("function.store", store_id).map(str::to_owned);
    let key = reader.optional("function.key", store_key).map(str::to_owned);
    if key.is_some() && reader.get("function.store").is_none() {
        reader.problem("function.key", "is a key of function.store: name the store, or remove this");
    }
    Some(Store { id: id?, key: key.unwrap_or_else(|| DEFAULT_STORE_KEY.into()) })
}

/// Whether the function moves requests.
fn origin(text: &str) -> Result<bool, String> {
    match text {
        "lambda" => Ok(false),
        "function" => Ok(true),
        _ => Err("expected \"lambda\" or \"function\"".into()),
    }
}

/// <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Origin.html>
fn origin_id(text: &str) -> Result<&str, String> {
    match text.len() {
        1..=128 if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) => Ok(text),
        _ => Err("expected the id of an origin of the distribution, up to 128 characters".into()),
    }
}

fn store_id(text: &str) -> Result<&str, String> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match text.len() {
        1..=64 if text.bytes().all(valid) => Ok(text),
        _ => {
            Err("expected the id of a key value store: letters, digits and \"-\", neither its name nor its ARN".into())
        }
    }
}

/// At most 512 bytes: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>. It
/// stands in a command line and in JavaScript, so there is nothing in it that would have to be quoted.
fn store_key(text: &str) -> Result<&str, String> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
    match text.len() {
        1..=512 if text.bytes().all(valid) => Ok(text),
        _ => Err("expected 1 to 512 letters, digits, \"-\", \"_\", \".\", \":\" or \"/\"".into()),
    }
}

/// The table as packaged JSON, if it says something.
pub(super) fn json(function: &Function) -> Option<serde_json::Value> {
    let mut members = serde_json::Map::new();
    let mut add = |name: &str, value: &str| members.insert(name.into(), value.into());
    if function.moves != Moves::Lambda {
        add("origin", "function");
    }
    if let Moves::Select(id) = &function.moves {
        add("one_box_id", id);
    }
    if let Some(store) = &function.store {
        add("store", &store.id);
        add("key", &store.key);
    }
    (!members.is_empty()).then(|| members.into())
}

#[cfg(test)]
mod tests {
    use crate::{Config, Moves, Problem, Settings, Store};

    fn read(table: &str) -> Result<Config, Vec<Problem>> {
        let text = format!(
            r#"{{ "release": {{ "id": "web-1", "share": "5%" }}, "partition": {{ "keys": ["client-ip"] }},
            "origins": {{ "regular": {{ "domain": "reg.example.org" }}, "one-box": {{ "domain": "box.example.org" }} }},
            "function": {table} }}"#
        );
        Config::read(&Settings::from_json(&text).unwrap())
    }

    fn paths(table: &str) -> Vec<String> {
        read(table).unwrap_err().into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn the_lambda_moves_requests_unless_the_function_does() {
        for (table, moves) in [
            ("{}", Moves::Lambda),
            (r#"{ "origin": "lambda" }"#, Moves::Lambda),
            (r#"{ "origin": "function" }"#, Moves::Update),
            (r#"{ "origin": "function", "one_box_id": "box" }"#, Moves::Select("box".into())),
        ] {
            assert_eq!(read(table).unwrap().function.moves, moves, "{table}");
        }
    }

    #[test]
    fn the_key_of_a_store_has_a_default() {
        let store = |key: &str| Some(Store { id: "a1b2-c3".into(), key: key.into() });
        assert_eq!(read(r#"{ "store": "a1b2-c3" }"#).unwrap().function.store, store("onebox"));
        assert_eq!(read(r#"{ "store": "a1b2-c3", "key": "web/1" }"#).unwrap().function.store, store("web/1"));
    }

    #[test]
    fn what_cannot_work_is_refused() {
        for (table, expected) in [
            (r#"{ "one_box_id": "box" }"#, "function.one_box_id"),
            (r#"{ "origin": "lambda", "one_box_id": "box" }"#, "function.one_box_id"),
            (r#"{ "origin": "function", "one_box_id": "" }"#, "function.one_box_id"),
            (r#"{ "origin": "edge" }"#, "function.origin"),
            (r#"{ "origin": true }"#, "function.origin"),
            (r#"{ "key": "onebox" }"#, "function.key"),
            (r#"{ "store": "a1b2", "key": "it's" }"#, "function.key"),
            (r#"{ "store": "arn:aws:cloudfront::1:key-value-store/a1b2" }"#, "function.store"),
            (r#"{ "stores": "a1b2" }"#, "function.stores"),
            ("[]", "function"),
        ] {
            assert_eq!(paths(table), [expected], "{table}");
        }
        assert_eq!(
            paths(r#"{ "origin": "x", "one_box_id": "", "store": " ", "key": " " }"#),
            ["function.origin", "function.one_box_id", "function.store", "function.key"],
        );
    }

    #[test]
    fn a_packaged_table_is_read_as_it_was() {
        for table in [
            "{}",
            r#"{ "origin": "function" }"#,
            r#"{ "origin": "function", "one_box_id": "my box" }"#,
            r#"{ "store": "a1b2", "key": "web" }"#,
        ] {
            let config = read(table).unwrap();
            assert_eq!(Config::from_json(&config.to_json()), Ok(config));
        }
    }
}
