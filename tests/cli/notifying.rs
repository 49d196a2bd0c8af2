//! `notify`: from the configuration to a player, through the view that it looks through.

use std::path::PathBuf;

use serde_json::json;

use crate::server::{Given, Server};
use crate::support::{Films, write};

fn configured(films: &Films, text: &str) -> String {
    let path: PathBuf = films.picture("config.toml");
    write(&path, text);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_player_of_the_configuration_is_told_under_the_path_that_it_sees() {
    let films = Films::new();
    films.scan();
    films.select("tmdb:949", "poster", "a.jpg");
    films.publish();
    let jellyfin = Server::start(|asked| match asked.method.as_str() {
        "GET" => {
            let film = json!({ "Id": "f00d", "Path": "/data/Heat (1995) {tmdb-949}/Heat (1995).mkv" });
            Given::body(json!({ "Items": [film] }).to_string())
        }
        _ => Given::status(204),
    });
    let (url, media) = (jellyfin.url(), films.film(b""));
    let config = configured(
        &films,
        &format!(
            "[[mount]]\nsource = {media:?}\nmountpoint = \"/srv/view\"\n[player.jellyfin]\nurl = \"{url}\"\nkey = \"k\"\n\
             path_mappings = [{{ from = \"/srv/view\", to = \"/data\" }}]\n"
        ),
    );
    let wanted = json!({
        "player": "jellyfin", "generation": null, "error": null, "may_pass": false,
        "told": [{ "command": "POST /Items/{id}/Refresh", "about": "Heat (1995)" }],
    });
    for is_rehearsal in [true, false] {
        let mut wanted = wanted.clone();
        wanted["dry_run"] = is_rehearsal.into();
        let rehearsal = if is_rehearsal { &["--dry-run"][..] } else { &[] };
        let arguments = [&["--config", &config, "notify", "tmdb:949"][..], rehearsal].concat();
        assert_eq!(films.one(&arguments), wanted);
        assert_eq!(jellyfin.count("/Items/f00d/Refresh"), usize::from(!is_rehearsal));
    }
    let text = films.text(&["--config", &config, "notify", "tmdb:949"]);
    assert_eq!(text, "jellyfin: told\n  POST /Items/{id}/Refresh: Heat (1995)\n");
    assert_eq!(films.text(&["--config", &config, "notify"]), "jellyfin: nothing to tell\n");
}

#[test]
fn what_is_missing_in_the_configuration_is_said_and_a_player_that_is_off_is_a_problem() {
    let films = Films::new();
    films.scan();
    assert!(films.fails(1, &["notify"]).contains("[player.kodi]"));
    assert!(films.fails(2, &["notify", "--player", "winamp"]).contains("jellyfin"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = configured(&films, &format!("[player.kodi]\nurl = \"http://{free}\"\n"));
    assert!(films.fails(1, &["--config", &config, "notify", "--player", "plex"]).contains("[player.plex]"));
    let output = films.run(&["--config", &config, "notify", "--all"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.starts_with("kodi: not told, and tried again the next time: kodi cannot be reached"), "{told}");
}
