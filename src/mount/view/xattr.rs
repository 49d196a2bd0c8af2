//! Extended attributes, and the file flags of `chattr`.

use std::ffi::OsStr;
use std::os::fd::AsFd;

use rustix::fs::{XattrFlags, fstat, getxattr, listxattr, removexattr, setxattr};
use rustix::io::Errno;

use crate::catalog::MappedPicture;
use crate::overlay::Refusal;

use super::super::alive::{is_process_asked, process};
use super::super::caller::Caller;
use super::super::errno::Result;
use super::super::nodes::NodeId;
use super::super::place::Place;
use super::make::SGID;
use super::{Target, View};

/// Longest value of an extended attribute, and longest list of names (`XATTR_SIZE_MAX`, `XATTR_LIST_MAX`).
const XATTR_BYTES_MAX: usize = 65536;

impl<B> View<B> {
    /// The value of an extended attribute.
    ///
    /// # Errors
    /// Those of the source; `ENODATA` when there is none of that name.
    pub fn getxattr(&self, id: NodeId, name: &OsStr) -> Result<Vec<u8>> {
        if is_process_asked(id, name.as_encoded_bytes()) {
            return Ok(process());
        }
        match self.target(id)? {
            Target::Source(place) => {
                let path = self.devices.path_fd(&place)?;
                read_all(|buffer| getxattr(path.proc_path(), name, buffer))
            }
            Target::Picture(picture) => {
                let found = self.told_of(&picture, name.as_encoded_bytes())?;
                let value = found.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value);
                Ok(value.ok_or(Errno::NODATA)?.into_bytes())
            }
            Target::Folder(_) => Err(Errno::NODATA.into()),
        }
    }

    /// The names of the extended attributes, each with a NUL byte behind it: those that the caller may know of.
    ///
    /// # Errors
    /// Those of the source.
    pub fn listxattr(&self, id: NodeId, caller: Caller) -> Result<Vec<u8>> {
        let place = match self.target(id)? {
            Target::Source(place) => place,
            Target::Picture(picture) => {
                let told = self.told_of(&picture, b"user.")?;
                return Ok(told.iter().flat_map(|(name, _)| [name.as_bytes(), b"\0"].concat()).collect());
            }
            Target::Folder(_) => return Ok(Vec::new()),
        };
        let path = self.devices.path_fd(&place)?;
        let names = read_all(|buffer| listxattr(path.proc_path(), buffer))?;
        let is_trusted = |name: &[u8]| name.starts_with(b"trusted.");
        if !names.split_inclusive(|byte| *byte == 0).any(is_trusted) || caller.is_administrator() {
            return Ok(names);
        }
        Ok(names.split_inclusive(|byte| *byte == 0).filter(|name| !is_trusted(name)).flatten().copied().collect())
    }

    /// Where a picture is from, and why this one: as attributes of users (`user.…`). Others are not looked up.
    fn told_of(&self, picture: &MappedPicture, asked: &[u8]) -> Result<Vec<(&'static str, String)>> {
        if !asked.starts_with(b"user.") {
            return Ok(Vec::new());
        }
        let Some((facts, is_locked)) = self.index.facts(picture.id)? else { return Ok(Vec::new()) };
        let told = [
            ("user.posterfs.sha256", Some(facts.hash.to_string())),
            ("user.posterfs.entity", Some(format!("{} {}", facts.entity_type, facts.entity))),
            ("user.posterfs.image_type", Some(facts.image_type.to_string())),
            ("user.posterfs.provider", Some(facts.provider.unwrap_or(facts.source))),
            ("user.posterfs.author", facts.author),
            ("user.posterfs.score", facts.score.map(|score| score.to_string())),
            ("user.posterfs.locked", Some(if is_locked { "yes" } else { "no" }.to_owned())),
            ("user.posterfs.generation", Some(facts.generation.to_string())),
            ("user.xdg.origin.url", facts.source_url),
        ];
        Ok(told.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }

    /// Sets an extended attribute. Setting an access list may clear the sgid bit, by the caller's groups.
    ///
    /// # Errors
    /// Those of the source; `EOPNOTSUPP` for what the mappings show.
    pub fn setxattr(&self, id: NodeId, name: &OsStr, value: &[u8], flags: i32, caller: Caller) -> Result<()> {
        let path = self.devices.path_fd(&self.place_with_attributes(id)?)?;
        let flags = XattrFlags::from_bits_retain(flags.cast_unsigned());
        let set = || setxattr(path.proc_path(), name, value, flags);
        let is_access_list = name.as_encoded_bytes().starts_with(b"system.posix_acl_");
        let matters = is_access_list && fstat(path.as_fd())?.st_mode & SGID != 0;
        if matters {
            caller.change(set)?
        } else {
            set()?
        }
        Ok(())
    }

    /// What the mappings show has the attributes that tell of it, and no others.
    fn place_with_attributes(&self, id: NodeId) -> Result<Place> {
        match self.target(id)? {
            Target::Source(place) => Ok(place),
            Target::Picture(_) | Target::Folder(_) => Err(Refusal::Unsupported.into()),
        }
    }

    /// Removes an extended attribute.
    ///
    /// # Errors
    /// Those of the source; `EOPNOTSUPP` for what the mappings show.
    pub fn removexattr(&self, id: NodeId, name: &OsStr) -> Result<()> {
        let path = self.devices.path_fd(&self.place_with_attributes(id)?)?;
        Ok(removexattr(path.proc_path(), name)?)
    }
}

fn read_all(mut read: impl FnMut(&mut [u8]) -> rustix::io::Result<usize>) -> Result<Vec<u8>> {
    let mut buffer = vec![0; 256];
    loop {
        match read(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if buffer.len() < XATTR_BYTES_MAX => buffer.resize(XATTR_BYTES_MAX, 0),
            Err(error) => return Err(error.into()),
        }
    }
}
