//! Which version a deployment of CodeDeploy is about: it stands in the AppSpec only.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html>

use yaml_rust2::{Yaml, YamlLoader};

use super::Subject;

/// The only resource of an AppSpec for Lambda.
///
/// People write its keys in lower case, CloudFormation in camel case; JSON is YAML too.
///
/// # Errors
/// A sentence that says what was expected.
pub(crate) fn subject(appspec: &str) -> Result<Subject, String> {
    let documents = YamlLoader::load_from_str(appspec).map_err(|error| format!("the AppSpec is not YAML: {error}"))?;
    let properties = documents.first().and_then(|document| {
        let resource = get(document, "resources")?.as_vec()?.first()?;
        let (_, resource) = resource.as_hash()?.front()?;
        get(resource, "properties")
    });
    let text = |name: &str| {
        let value = properties.and_then(|properties| get(properties, name));
        match value {
            Some(Yaml::String(text)) if !text.is_empty() => Ok(text.clone()),
            // A version without quotes.
            Some(Yaml::Integer(number)) => Ok(number.to_string()),
            _ => Err(format!("the AppSpec has no {name}: expected resources with the properties of one function")),
        }
    };
    Ok(Subject { function: text("name")?, alias: text("alias")?, version: text("targetversion")? })
}

/// A value by its key, in whatever case that is written.
fn get<'a>(object: &'a Yaml, key: &str) -> Option<&'a Yaml> {
    let mut entries = object.as_hash()?.iter();
    entries.find(|(name, _)| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(key))).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Result<Subject, String> {
        Ok(Subject { function: "orders".into(), alias: "live".into(), version: "7".into() })
    }

    #[test]
    fn yaml_of_people_and_json_of_cloudformation_are_read() {
        let yaml = "version: 0.0
Resources:
  - orders:
      Type: AWS::Lambda::Function
      Properties:
        Name: \"orders\"
        Alias: \"live\"
        CurrentVersion: \"6\"
        TargetVersion: \"7\"
Hooks:
  - BeforeAllowTraffic: \"smoke\"
";
        assert_eq!(subject(yaml), orders());
        assert_eq!(subject(&yaml.to_lowercase().replace("\"7\"", "7")), orders());
        let json = r#"{"version":0.0,"Resources":[{"orders":{"Type":"AWS::Lambda::Function","Properties":
            {"Name":"orders","Alias":"live","CurrentVersion":"6","TargetVersion":"7"}}}]}"#;
        assert_eq!(subject(json), orders());
    }

    #[test]
    fn anything_else_is_told_what_is_missing() {
        for (text, said) in [
            ("", "no name"),
            ("- a", "no name"),
            ("resources: []", "no name"),
            ("resources: [{}]", "no name"),
            ("resources: [{a: {properties: {name: orders, alias: live}}}]", "no targetversion"),
            ("resources: [{a: {properties: {name: orders, alias: [], targetversion: 7}}}]", "no alias"),
            ("a: [", "not YAML"),
        ] {
            let problem = subject(text).unwrap_err();
            assert!(problem.contains(said), "{text}: {problem}");
        }
    }
}
