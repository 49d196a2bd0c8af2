//! Files of the cache that are missing or damaged: taken again from wherever the same bytes are; else another candidate
//! takes the place of what is not locked.

use std::io::Read;

use sha2::{Digest, Sha256};

use crate::cache::CacheError;
use crate::catalog::{PublishMode, Scope, Service, Unreferred};
use crate::model::ContentHash;
use crate::phase::enrich::Substitutes;
use crate::phase::{PhaseError, publish, publish_with_documents};

use super::copies::Place;
use super::{Repaired, Repairs};

impl Repairs<'_> {
    pub(super) fn take_again(&mut self, hash: &ContentHash, extension: &str) -> Result<Repaired, PhaseError> {
        let services = self.catalog.services_of(hash, extension)?;
        let Some(byte_count) = services.iter().map(|service| service.file.picture.byte_count).max() else {
            return Ok(Repaired::Left("the catalog does not know it any more".to_owned()));
        };
        let documents: Vec<&Service> =
            services.iter().filter(|service| !service.file.picture.image_type.is_picture()).collect();
        if !documents.is_empty() {
            return self.make_anew(hash, extension, &documents);
        }
        let (near, far): (Vec<Place>, Vec<Place>) =
            self.places(hash, byte_count)?.into_iter().partition(|place| !place.is_far());
        for place in near.iter().chain(far.iter().filter(|_| !self.is_dry_run())) {
            if self.take_from(place, hash, extension, byte_count)? {
                return Ok(self.did(format!("taken again from {}", place.words())));
            }
        }
        if let Some(place) = far.first().filter(|_| self.is_dry_run()) {
            let words = format!("asked for again at {}, and taken if the bytes are the same", place.words());
            return Ok(Repaired::Would(words));
        }
        self.give_up(hash, extension, &services)
    }

    /// Takes the bytes from there, if they are the right ones; what is in their place goes to quarantine.
    fn take_from(
        &self,
        place: &Place,
        hash: &ContentHash,
        extension: &str,
        byte_count: u64,
    ) -> Result<bool, PhaseError> {
        let Some(mut reader) = self.open(place, byte_count)? else { return Ok(false) };
        if self.is_dry_run() {
            return Ok(hash_of(&mut reader).is_some_and(|found| found == *hash));
        }
        let make_room = || self.quarantine(hash, extension).map(drop);
        match self.cache.mend(hash, extension, reader, byte_count, make_room) {
            // It cannot be read to its end, or has another one.
            Err(PhaseError::Cache(CacheError::Source { .. } | CacheError::Refused { .. })) => Ok(false),
            mended => mended,
        }
    }

    /// Metadata documents are made of what is known. The same makes the same bytes; something else is a new document.
    fn make_anew(
        &mut self,
        hash: &ContentHash,
        extension: &str,
        documents: &[&Service],
    ) -> Result<Repaired, PhaseError> {
        if !self.is_dry_run() {
            self.quarantine(hash, extension)?;
            for service in documents {
                self.catalog.forget_document(service.file.picture.entity)?;
                let picture = [(service.file.picture.entity, service.file.picture.image_type)];
                let (sources, stamp) = (self.request.documents, self.request.stamp);
                publish_with_documents(self.catalog, sources, Scope::Pictures(&picture), PublishMode::Apply, stamp)?;
                self.catalog.give_up_picture(service.file.id)?;
            }
            let is_there = self.cache.locate(hash, extension)?.is_some();
            if !is_there && self.catalog.is_cached(hash, extension)? {
                let words = "it is a metadata document that cannot be made anew now; `posterfs publish` tells why";
                return Ok(Repaired::Left(words.to_owned()));
            }
        }
        Ok(self.did("it is a metadata document, made anew of what is known"))
    }

    /// Nobody has the bytes any more. What is not locked gets the next candidate.
    fn give_up(&mut self, hash: &ContentHash, extension: &str, services: &[Service]) -> Result<Repaired, PhaseError> {
        let (mut chosen, mut left) = (Vec::new(), Vec::new());
        for service in services {
            let Some(candidate) = service.selected else { continue };
            let what = format!("{} of {}", service.file.picture.image_type, service.title);
            if service.is_locked {
                left.push(format!(
                    "the {what} is locked, and no other picture is taken for it: `posterfs select` another"
                ));
                continue;
            }
            let substitutes = Substitutes {
                cache: self.cache,
                providers: self.request.providers,
                limits: self.request.limits,
                stamp: self.request.stamp,
            };
            let next = if self.is_dry_run() {
                substitutes.first(self.catalog, candidate, hash)?
            } else {
                substitutes.choose(self.catalog, candidate, hash)?
            };
            match next {
                Some(next) => chosen.push(format!("candidate {next} is chosen for the {what}")),
                None => left.push(format!("there is no other candidate for the {what}: `posterfs enrich --force`")),
            }
            if next.is_some() && !self.is_dry_run() && !service.shown.is_empty() {
                let picture = [(service.file.picture.entity, service.file.picture.image_type)];
                publish(self.catalog, Scope::Pictures(&picture), PublishMode::Apply, self.request.stamp)?;
            }
        }
        if left.is_empty() {
            return self.let_go(hash, extension, services, chosen);
        }
        Ok(Repaired::Left(format!("nobody has the same bytes; {}", [chosen, left].concat().join("; "))))
    }

    /// Nothing is selected or shown of it now, so the damaged file, and what can be known of it no more, goes.
    fn let_go(
        &mut self,
        hash: &ContentHash,
        extension: &str,
        services: &[Service],
        mut words: Vec<String>,
    ) -> Result<Repaired, PhaseError> {
        words.insert(0, "nobody has the same bytes".to_owned());
        if self.is_dry_run() {
            return Ok(Repaired::Would(words.join("; ")));
        }
        for service in services {
            self.catalog.give_up_picture(service.file.id)?;
        }
        if self.quarantine(hash, extension)? {
            words.push("the damaged file is in the recycle bin".to_owned());
        }
        if self.catalog.is_cached(hash, extension)? {
            words.push("a name that showed it once still remembers it".to_owned());
            return Ok(Repaired::Left(words.join("; ")));
        }
        Ok(Repaired::Repaired(words.join("; ")))
    }

    /// A row that nothing needs, of a file that is not there.
    pub(super) fn forget_file(&mut self, hash: &ContentHash, extension: &str) -> Result<Repaired, PhaseError> {
        let rows: Vec<Unreferred> = self
            .catalog
            .services_of(hash, extension)?
            .into_iter()
            .map(|service| {
                let byte_count = service.file.picture.byte_count;
                Unreferred { id: service.file.id, hash: *hash, extension: extension.to_owned(), byte_count }
            })
            .collect();
        if !self.is_dry_run() && self.catalog.forget_unreferred(&rows)?.is_empty() {
            return Ok(Repaired::Left("something needs it by now".to_owned()));
        }
        Ok(self.did("the row is taken out of the catalog"))
    }
}

pub(super) fn hash_of(reader: &mut dyn Read) -> Option<ContentHash> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 128 << 10];
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => return Some(ContentHash::new(hasher.finalize().into())),
            Ok(length) => hasher.update(&chunk[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}
