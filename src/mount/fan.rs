//! The records that fanotify writes (`fanotify(7)`), taken apart without trusting a length in them.

/// `struct fanotify_event_metadata`: length (4 bytes), version, reserved, length of itself (2), mask (8), descriptor
/// (4), process (4).
const METADATA_BYTES: usize = 24;
/// `struct fanotify_event_info_header` (type, padding, length) and the id of the file system behind it.
const INFO_HEADER_BYTES: usize = 4 + 8;
/// `struct file_handle` before its bytes: how many they are, and their kind.
const HANDLE_HEADER_BYTES: usize = 8;

/// One change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// What happened, as `FAN_…` bits.
    pub mask: u64,
    /// The process that did it.
    pub pid: i32,
    /// The handle of the folder it happened in, in the form of `Place`: kind (4 bytes), then the bytes.
    pub folder: Option<Handle<'a>>,
    /// The name there.
    pub name: Option<&'a [u8]>,
    /// The handle of the inode it happened to.
    pub inode: Option<Handle<'a>>,
}

/// A file handle as the file system made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle<'a> {
    /// Its kind.
    pub kind: i32,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl Event<'_> {
    /// Whether events were lost.
    #[must_use]
    pub fn is_overflow(&self) -> bool {
        self.mask & libc::FAN_Q_OVERFLOW != 0
    }

    /// Whether a name came, went or moved.
    #[must_use]
    pub fn changes_names(&self) -> bool {
        self.mask & (libc::FAN_CREATE | libc::FAN_DELETE | libc::FAN_MOVED_FROM | libc::FAN_MOVED_TO) != 0
    }

    /// Whether a folder got another path.
    #[must_use]
    pub fn moves_folder(&self) -> bool {
        self.mask & libc::FAN_ONDIR != 0 && self.mask & (libc::FAN_MOVED_FROM | libc::FAN_MOVED_TO) != 0
    }
}

/// The events in what was read from the queue. Ends at the first that makes no sense.
pub fn events_in(mut rest: &[u8]) -> impl Iterator<Item = Event<'_>> {
    std::iter::from_fn(move || {
        let length = number(rest, 0)? as usize;
        let event = rest.get(..length).filter(|event| event.len() >= METADATA_BYTES)?;
        rest = &rest[length..];
        Some(parse_event(event))
    })
}

fn parse_event(bytes: &[u8]) -> Event<'_> {
    let mask = bytes[8..16].try_into().map_or(0, u64::from_ne_bytes);
    let pid = number(bytes, 20).unwrap_or(0).cast_signed();
    let metadata_bytes = usize::from(u16::from_ne_bytes([bytes[6], bytes[7]]));
    let mut event = Event { mask, pid, ..Event::default() };
    let mut rest = bytes.get(metadata_bytes..).unwrap_or_default();
    while let Some(length) = rest.get(2..4).map(|two| usize::from(u16::from_ne_bytes([two[0], two[1]]))) {
        let Some(info) = rest.get(..length).filter(|info| info.len() > INFO_HEADER_BYTES) else { break };
        parse_info(info, &mut event);
        rest = &rest[length..];
    }
    event
}

fn parse_info<'a>(info: &'a [u8], event: &mut Event<'a>) {
    let body = &info[INFO_HEADER_BYTES..];
    let Some((length, kind)) = number(body, 0).zip(number(body, 4)) else { return };
    let end = HANDLE_HEADER_BYTES.saturating_add(length as usize);
    let Some(bytes) = body.get(HANDLE_HEADER_BYTES..end) else { return };
    let handle = Some(Handle { kind: kind.cast_signed(), bytes });
    match info[0] {
        libc::FAN_EVENT_INFO_TYPE_FID => event.inode = handle,
        libc::FAN_EVENT_INFO_TYPE_DFID => event.folder = handle,
        libc::FAN_EVENT_INFO_TYPE_DFID_NAME => {
            event.folder = handle;
            event.name = body[end..].split(|&b| b == 0).next().filter(|name| !name.is_empty());
        }
        _ => {}
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn info(kind: u8, handle: &[u8], name: &[u8]) -> Vec<u8> {
        let length = (INFO_HEADER_BYTES + HANDLE_HEADER_BYTES + handle.len() + name.len()) as u16;
        let count = (handle.len() as u32).to_ne_bytes();
        [&[kind, 0][..], &length.to_ne_bytes(), &[0; 8], &count, &1_i32.to_ne_bytes(), handle, name].concat()
    }

    fn event(mask: u64, pid: i32, infos: &[u8]) -> Vec<u8> {
        let length = (METADATA_BYTES + infos.len()) as u32;
        let metadata = (METADATA_BYTES as u16).to_ne_bytes();
        [&length.to_ne_bytes()[..], &[3, 0], &metadata, &mask.to_ne_bytes(), &[255; 4], &pid.to_ne_bytes(), infos]
            .concat()
    }

    #[test]
    fn a_rename_of_a_folder_is_understood() {
        let infos = [
            info(libc::FAN_EVENT_INFO_TYPE_DFID_NAME, b"folder12", b"Heat\0\0"),
            info(libc::FAN_EVENT_INFO_TYPE_FID, b"inode123", b""),
        ]
        .concat();
        let read =
            [event(libc::FAN_MOVED_TO | libc::FAN_ONDIR, 7, &infos), event(libc::FAN_Q_OVERFLOW, 0, b"")].concat();
        let events: Vec<_> = events_in(&read).collect();
        assert_eq!(events.len(), 2);
        assert_eq!(events[0].pid, 7);
        assert_eq!(events[0].name, Some(&b"Heat"[..]));
        assert_eq!(events[0].folder, Some(Handle { kind: 1, bytes: b"folder12" }));
        assert_eq!(events[0].inode, Some(Handle { kind: 1, bytes: b"inode123" }));
        assert!(events[0].moves_folder() && events[0].changes_names() && !events[0].is_overflow());
        assert!(events[1].is_overflow());
    }

    proptest! {
        #[test]
        fn any_bytes_are_events_or_the_end(bytes: Vec<u8>) {
            let bytes_of_events: usize = events_in(&bytes).map(|event| event.name.map_or(0, <[u8]>::len)).sum();
            prop_assert!(bytes_of_events <= bytes.len());
        }
    }
}
