//! The page at `/`: served without a key and with a strict policy, and it asks nothing of the API that there is not.

use std::collections::BTreeSet;
use std::path::Path;

use posterfs::http::openapi;
use reqwest::{Method, StatusCode};

use crate::schema::Document;
use crate::world::World;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/page")
}

fn files() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn every_file_of_the_page_is_served_as_it_is_to_anybody_and_with_its_policy() {
    let world = World::new("[http]\napi_key = 'a key of the tests'\n");
    for (name, text) in files() {
        let path = if name == "index.html" { "/".to_owned() } else { format!("/page/{name}") };
        let answer = world.send(world.request(Method::GET, &path));
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, text), "{path}");
        let header = |name: &str| answer.headers[name].to_str().unwrap();
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let again = world.request(Method::GET, &path).header("if-none-match", answer.etag.clone().unwrap_or_default());
        assert_eq!(world.send(again).status, StatusCode::NOT_MODIFIED, "{path}");
    }
}

#[test]
fn the_page_is_whole_by_itself() {
    let names: BTreeSet<String> = files().into_iter().map(|(name, _)| name).collect();
    for (name, text) in files() {
        let from_elsewhere =
            ["http://", "https://", "//cdn", "@import", "innerHTML", "eval(", " style=\"", " onclick="];
        let text = text.replace("http://www.w3.org/2000/svg", "").replace("\"https://…\"", "");
        for word in from_elsewhere {
            assert!(!text.contains(word), "{name}: {word}");
        }
        let imported = text.split("from \"./").skip(1).chain(text.split("\"page/").skip(1));
        for named in imported.map(|rest| rest.split('"').next().unwrap()) {
            assert!(names.contains(named), "{name}: there is no {named}");
        }
    }
}

/// The method that a function of `api.js` stands for.
fn method_of(function: &str) -> &'static str {
    match function {
        "get" | "picture" | "events" => "get",
        "post" => "post",
        "put" => "put",
        "patch" => "patch",
        "remove" => "delete",
        other => panic!("`{other}` asks nothing of the API"),
    }
}

#[test]
fn everything_that_the_page_asks_is_in_the_document() {
    let document = Document(serde_json::to_value(openapi()).unwrap());
    let known: BTreeSet<(String, String)> = document.operations().into_iter().collect();
    let mut asked = BTreeSet::new();
    // `post("/api/…"` and `picture(image, "/api/…"`, also on two lines.
    let call = regex::Regex::new(r#"(\w+)\(\s*(?:\w+,\s*)?"(/api/[^"]*)""#).unwrap();
    for (name, text) in files().into_iter().filter(|(name, _)| name.ends_with(".js")) {
        let calls: Vec<_> = call.captures_iter(&text).collect();
        assert_eq!(calls.len(), text.matches("/api/").count(), "{name}: a path of the API that no call names as it is");
        for parts in calls {
            let operation = (parts[2].to_owned(), method_of(&parts[1]).to_owned());
            assert!(known.contains(&operation), "{name}: {operation:?} is not in the document");
            asked.insert(operation);
        }
    }
    for (path, method) in [("/api/items", "get"), ("/api/items/{id}/select/{type}", "put"), ("/api/rollback", "post")] {
        assert!(asked.contains(&(path.to_owned(), method.to_owned())), "{path}: the calls were not found: {asked:?}");
    }
}
