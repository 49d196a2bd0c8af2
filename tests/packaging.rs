//! What is packaged is there, and the configuration that comes with it says what holds.

use std::fs;
use std::path::{Path, PathBuf};

use posterfs::config::Config;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every example without its `#`. Sentences begin with `# `.
fn examples() -> String {
    let text = fs::read_to_string(project().join("packaging/config.toml")).unwrap();
    let example = |line: &str| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).map(str::to_owned);
    text.lines().filter_map(example).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_configuration_that_is_installed_changes_nothing_and_its_examples_are_right() {
    let installed = project().join("packaging/config.toml");
    let (config, file) = Config::load(Some(&installed)).unwrap();
    assert_eq!(file.as_deref(), Some(installed.as_path()));
    assert_eq!(config, Config::default());

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let mut text = examples();
    for section in ["[[mount]]", "[provider.tmdb]", "[player.kodi]", "[http]", "[manager.radarr]", "[write]"] {
        assert!(text.contains(section), "{section}");
    }
    // The defaults that are shown are the defaults: with the examples of what has none taken out, nothing changes.
    fs::File::create(&path).and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes())).unwrap();
    let (with_examples, _) = Config::load(Some(&path)).unwrap();
    assert_eq!(with_examples.mount[0].mountpoint(), Path::new("/media"));
    let kept = ["[http]", "[artwork]", "[write]"];
    let sections = text.split("\n[").enumerate();
    let sections = sections.map(|(n, section)| if n == 0 { section.to_owned() } else { format!("[{section}") });
    text = sections.filter(|section| kept.iter().any(|kept| section.starts_with(kept))).collect::<Vec<_>>().join("\n");
    fs::File::create(&path).and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes())).unwrap();
    assert_eq!(Config::load(Some(&path)).unwrap().0, Config::default());
}

#[test]
fn every_file_of_the_package_is_in_the_project_or_made_by_the_script() {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(project().join("Cargo.toml")).unwrap()).unwrap();
    let deb = &manifest["package"]["metadata"]["deb"];
    let script = fs::read_to_string(project().join("packaging/build-deb")).unwrap();
    let assets = deb["assets"].as_array().unwrap();
    assert!(assets.len() > 5);
    for asset in assets {
        let source = asset[0].as_str().unwrap();
        if let Some(made) = source.strip_prefix("target/package/") {
            let name = made.split('/').next().unwrap();
            assert!(script.contains(&format!("\"$made/{name}")), "{source} is not made by packaging/build-deb");
        } else if let Some((folder, pattern)) = source.rsplit_once('/').filter(|(_, name)| name.contains('*')) {
            let ending = pattern.trim_start_matches('*');
            let mut names = fs::read_dir(project().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
            assert!(names.any(|name| name.to_str().unwrap().ends_with(ending)), "{source} matches nothing");
        } else if !source.starts_with("target/release/") {
            assert!(project().join(source).is_file(), "{source} is not there");
        }
    }
    // Nobody but the daemon may read keys, and it is root.
    let config = assets.iter().find(|asset| asset[0].as_str() == Some("packaging/config.toml")).unwrap();
    assert_eq!(config[2].as_str(), Some("600"));
    let scripts: PathBuf = project().join(deb["maintainer-scripts"].as_str().unwrap());
    for name in ["postinst", "prerm", "postrm"] {
        let checked = std::process::Command::new("sh").arg("-n").arg(scripts.join(name)).status().unwrap();
        assert!(checked.success(), "{name}");
    }
}
