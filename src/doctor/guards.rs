//! What may keep others, or ourselves, from using a view: capabilities, `fuse.conf`, SELinux, AppArmor.

use rustix::process::geteuid;
use rustix::thread::{CapabilitySet, capabilities};

use super::Finding;

/// What serving a view as every user needs, and what happens without it.
const NEEDED: &[(CapabilitySet, &str, &str)] = &[
    (CapabilitySet::SYS_ADMIN, "CAP_SYS_ADMIN", "no passthrough, and changes behind the mount are seen late"),
    (CapabilitySet::DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "each known file costs a descriptor"),
    (CapabilitySet::SETUID, "CAP_SETUID", "files cannot be made as the user who makes them"),
    (CapabilitySet::SETGID, "CAP_SETGID", "files cannot be made as the group of who makes them"),
    (CapabilitySet::CHOWN, "CAP_CHOWN", "owners cannot be changed through the view"),
    (CapabilitySet::FOWNER, "CAP_FOWNER", "attributes of other users' files cannot be changed through the view"),
];

/// Everything here; what is not there, such as SELinux, is not mentioned.
#[must_use]
pub fn guards() -> Vec<Finding> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let is_root = geteuid().is_root();
    let held = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    let mut findings = vec![privileges(is_root, held)];
    findings.extend(other_users(is_root, read("/etc/fuse.conf").as_deref()));
    findings.extend(selinux(read("/sys/fs/selinux/enforce").as_deref()));
    let profile = std::path::Path::new("/etc/apparmor.d/fusermount3").exists();
    findings.extend(apparmor(is_root, read("/sys/module/apparmor/parameters/enabled").as_deref(), profile));
    findings
}

fn privileges(is_root: bool, held: CapabilitySet) -> Finding {
    let missing: Vec<String> = NEEDED
        .iter()
        .filter(|(capability, ..)| !held.contains(*capability))
        .map(|(_, name, without)| format!("{name} ({without})"))
        .collect();
    match (missing.as_slice(), is_root) {
        ([], _) => Finding::ok("privileges", "this process may do everything that a view for all users needs"),
        (_, false) => {
            let message = "this user can mount for itself; a view for all users needs root";
            Finding::warn("privileges", message, "run it as root, as posterfs.service does")
        }
        (missing, true) => Finding::warn(
            "privileges",
            format!("this root may not do everything: it lacks {}", missing.join(", ")),
            "in a unit, leave these in `CapabilityBoundingSet=`; in a container, `--cap-add` them",
        ),
    }
}

/// Other users look through a mount of this one only with `allow_other`, which is root's to permit.
fn other_users(is_root: bool, fuse_conf: Option<&str>) -> Option<Finding> {
    let is_allowed = fuse_conf.is_some_and(|text| text.lines().any(|line| line.trim() == "user_allow_other"));
    match (is_root, is_allowed) {
        (true, _) => None,
        (false, true) => Some(Finding::ok("fuse.conf", "mounts of this user can be opened to others (allow_other)")),
        (false, false) => Some(Finding::warn(
            "fuse.conf",
            "players that run as other users cannot look through mounts of this user",
            "put the line `user_allow_other` into /etc/fuse.conf, or mount as root",
        )),
    }
}

fn selinux(enforce: Option<&str>) -> Option<Finding> {
    match enforce?.trim() {
        "1" => Some(Finding::warn(
            "selinux",
            "SELinux is enforcing: a player in a domain of its own may not read FUSE file systems",
            "let its domain read `fusefs_t`: for containers `setsebool -P virt_use_fusefs 1`, for others \
             `ausearch -m avc -ts recent | audit2allow -M player` tells the rule",
        )),
        _ => Some(Finding::ok("selinux", "SELinux only warns")),
    }
}

/// Distributions confine `fusermount3`, which only users other than root need.
fn apparmor(is_root: bool, enabled: Option<&str>, has_profile: bool) -> Option<Finding> {
    if enabled?.trim() != "Y" {
        return None;
    }
    match (is_root, has_profile) {
        (false, true) => Some(Finding::warn(
            "apparmor",
            "AppArmor confines fusermount3: it mounts below home folders, /mnt, /media and /tmp only",
            "mount there, or allow your folder in /etc/apparmor.d/local/fusermount3, or mount as root",
        )),
        _ => Some(Finding::ok(
            "apparmor",
            "AppArmor does not confine mounting here; a player may have a profile of its own",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_what_it_costs() {
        assert_eq!(privileges(true, CapabilitySet::all()).verdict, Verdict::Ok);
        let without = privileges(true, CapabilitySet::all() - CapabilitySet::SYS_ADMIN);
        assert!(without.message.contains("CAP_SYS_ADMIN (no passthrough"), "{without:?}");
        assert!(!without.message.contains("CAP_CHOWN"), "{without:?}");
        assert!(privileges(false, CapabilitySet::empty()).message.contains("for itself"));
    }

    #[test]
    fn files_of_the_system_are_understood() {
        for (is_root, conf, verdict) in [
            (true, None, None),
            (false, None, Some(Verdict::Warn)),
            (false, Some("# user_allow_other\n"), Some(Verdict::Warn)),
            (false, Some("mount_max = 10\n user_allow_other \n"), Some(Verdict::Ok)),
        ] {
            assert_eq!(other_users(is_root, conf).map(|finding| finding.verdict), verdict, "{conf:?}");
        }
        for (enforce, verdict) in [(None, None), (Some("1"), Some(Verdict::Warn)), (Some("0\n"), Some(Verdict::Ok))] {
            assert_eq!(selinux(enforce).map(|finding| finding.verdict), verdict, "{enforce:?}");
        }
        for (is_root, enabled, has_profile, verdict) in [
            (false, None, true, None),
            (false, Some("N\n"), true, None),
            (false, Some("Y\n"), true, Some(Verdict::Warn)),
            (false, Some("Y\n"), false, Some(Verdict::Ok)),
            (true, Some("Y\n"), true, Some(Verdict::Ok)),
        ] {
            assert_eq!(apparmor(is_root, enabled, has_profile).map(|finding| finding.verdict), verdict);
        }
    }
}
