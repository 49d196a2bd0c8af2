//! The document against the routes, in both directions, and what holds for all of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use posterfs::http::openapi;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::schema::Document;
use crate::world::World;

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| if path.is_dir() { source_files(&path) } else { vec![path] };
    entries.flat_map(of).filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn sources() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    source_files(&folder).into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

fn document() -> Document {
    Document(serde_json::to_value(openapi()).unwrap())
}

/// `("/api/items", "get")` of `#[utoipa::path(get, path = "/api/items", …`.
fn declared(text: &str) -> Vec<(String, String)> {
    let declarations = text.split("#[utoipa::path(").skip(1);
    let of = |declaration: &str| {
        let (method, rest) = declaration.split_once(',').unwrap();
        let path = rest.split('"').nth(1).unwrap();
        (path.to_owned(), method.trim().to_owned())
    };
    declarations.map(of).collect()
}

#[test]
fn what_is_declared_is_in_the_document_and_nothing_else_is_served() {
    let mut all: Vec<(String, String)> = Vec::new();
    for (path, text) in sources() {
        all.extend(declared(&text));
        let name = path.file_name().unwrap().to_str().unwrap();
        // These serve the document itself, and the page.
        let is_undescribed = text.contains(".route(") && !["openapi.rs", "page.rs"].contains(&name);
        assert!(!is_undescribed, "{}: a route without a description", path.display());
    }
    let declared: BTreeSet<_> = all.iter().cloned().collect();
    assert_eq!(declared.len(), all.len(), "a route is declared twice");
    assert!(declared.len() > 30, "the declarations were not found");
    assert_eq!(declared, document().operations().into_iter().collect());
}

#[test]
fn whatever_is_described_is_served_and_needs_the_key() {
    let world = World::new("[http]\napi_key = 'a key of the tests'\n");
    for (route, method) in document().operations() {
        let path = route.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>();
        let method: Method = method.to_uppercase().parse().unwrap();
        let answer = world.send(world.request(method.clone(), &path.join("/")));
        let expected = if route == "/healthz" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(answer.status, expected, "{method} {route}");
    }
    let document = world.send(world.request(Method::GET, "/api/openapi.json"));
    assert_eq!(document.status, StatusCode::UNAUTHORIZED);
}

/// The parameters of a query, by operation.
fn queries(name: &str) -> BTreeSet<String> {
    let document = document();
    let mut found = BTreeSet::new();
    for (route, method) in document.operations() {
        let parameters = &document.0["paths"][&route][&method]["parameters"];
        let is_it = |parameter: &Value| parameter["name"] == name && parameter["in"] == "query";
        if parameters.as_array().is_some_and(|all| all.iter().any(is_it)) {
            found.insert(format!("{method} {route}"));
        }
    }
    found
}

#[test]
fn whatever_has_a_dry_run_at_the_command_line_has_one_here() {
    let expected = [
        "delete /api/items/{id}/select/{type}",
        "patch /api/items/{id}",
        "post /api/candidates/block",
        "post /api/candidates/unblock",
        "post /api/candidates/{id}/block",
        "post /api/candidates/{id}/unblock",
        "post /api/gc",
        "post /api/items/deselect",
        "post /api/items/lock",
        "post /api/items/monitor",
        "post /api/items/select",
        "post /api/items/{id}/enrich",
        "post /api/items/{id}/lock",
        "post /api/items/{id}/monitor",
        "post /api/items/{id}/select",
        "post /api/items/{id}/unpublish",
        "post /api/publish",
        "post /api/rollback",
        "post /api/verify",
        "put /api/items/{id}/select/{type}",
    ];
    assert_eq!(queries("dry_run"), expected.map(str::to_owned).into());
    assert!(queries("limit").len() >= 5);
}

#[test]
fn a_method_that_there_is_not_is_told_of() {
    let world = World::new("");
    let answer = world.send(world.request(Method::DELETE, "/api/status").header("content-type", "application/json"));
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.content_type, "application/problem+json");
    assert!(answer.json()["detail"].as_str().unwrap().contains("DELETE"));
}
