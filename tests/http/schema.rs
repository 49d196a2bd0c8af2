//! Holds answers against the schemas of the document: what is there is described, and what is required is there.

use reqwest::{Method, StatusCode};
use serde_json::Value;

pub struct Document(pub Value);

impl Document {
    /// Every operation: its path and method.
    pub fn operations(&self) -> Vec<(String, String)> {
        let paths = self.0["paths"].as_object().unwrap();
        let of = |(path, methods): (&String, &Value)| {
            let methods = methods.as_object().unwrap().keys().cloned();
            methods.map(|method| (path.clone(), method)).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of).collect()
    }

    /// Panics where the answer is not what the document says.
    #[track_caller]
    pub fn hold(&self, method: &Method, route: &str, status: StatusCode, answer: Option<&Value>) {
        let operation = &self.0["paths"][route][method.as_str().to_lowercase()];
        assert!(operation.is_object(), "{method} {route} is not in the document");
        let responses = &operation["responses"];
        let described = responses.get(status.as_str()).unwrap_or(&responses["default"]);
        assert!(described.is_object(), "{method} {route} answers {status}, which is not described");
        let content = described["content"].as_object();
        let schema = content.and_then(|content| content.get("application/json")).map(|media| &media["schema"]);
        if let (Some(schema), Some(answer)) = (schema, answer) {
            self.check(schema, answer, &format!("{method} {route}"));
        }
    }

    #[track_caller]
    fn check(&self, schema: &Value, value: &Value, place: &str) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            let schema = &self.0["components"]["schemas"][name];
            assert!(schema.is_object(), "{place}: {name} is not in the document");
            return self.check(schema, value, place);
        }
        for one in ["oneOf", "anyOf"] {
            if let Some(several) = schema[one].as_array() {
                let is_null = |schema: &&Value| schema["type"] == "null";
                if value.is_null() && several.iter().any(|schema| is_null(&schema)) {
                    return;
                }
                let mut others = several.iter().filter(|schema| !is_null(schema));
                return match others.clone().find(|schema| self.has_required(schema, value)).or(others.next()) {
                    Some(schema) => self.check(schema, value, place),
                    None => panic!("{place}: {schema}"),
                };
            }
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let fits = types.contains(&is) || (is == "integer" && types.contains(&"number"));
        assert!(types.is_empty() || fits, "{place}: {value} is no {types:?}");
        match value {
            Value::Array(values) => values.iter().for_each(|value| self.check(&schema["items"], value, place)),
            Value::Object(map) => self.check_object(schema, map, place),
            _ => {}
        }
    }

    /// Whether the value has all that it must have to be meant by the schema.
    fn has_required(&self, schema: &Value, value: &Value) -> bool {
        let name = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
        let schema = name.map_or(schema, |name| &self.0["components"]["schemas"][name]);
        let mut required = schema["required"].as_array().into_iter().flatten();
        required.all(|key| value.get(key.as_str().unwrap()).is_some())
    }

    #[track_caller]
    fn check_object(&self, schema: &Value, map: &serde_json::Map<String, Value>, place: &str) {
        for required in schema["required"].as_array().into_iter().flatten() {
            assert!(map.contains_key(required.as_str().unwrap()), "{place}: {required} is missing in {map:?}");
        }
        let properties = schema["properties"].as_object();
        for (key, value) in map {
            match (properties.and_then(|properties| properties.get(key)), schema.get("additionalProperties")) {
                (Some(schema), _) => self.check(schema, value, &format!("{place}.{key}")),
                (None, Some(schema)) if schema.is_object() => self.check(schema, value, &format!("{place}.{key}")),
                (None, None) if properties.is_some() => panic!("{place}: {key} is not described"),
                _ => {}
            }
        }
    }
}
