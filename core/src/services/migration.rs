//! Carrying everything from one store to another.
//!
//! Records go over page by page. What is there already is left as it
//! is, so that a run that broke off is simply started again. The source is only read.

use std::sync::Arc;

use crate::{
    Result,
    ports::{Added, Entry, Export, Import, Kind, Unreadable},
};

/// How many records are read and written together.
const PAGE: u32 = 100;

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything is read and checked, and nothing is written.
    DryRun,
    /// What is not there yet is written.
    Real,
}

/// Carries everything from one store to another.
#[derive(Debug)]
pub struct Migration {
    /// Where it is.
    pub from: Arc<dyn Export>,
    /// Where it goes.
    pub to: Arc<dyn Import>,
}

/// What became of the records of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// What is counted.
    pub name: &'static str,
    /// How many there were when it began.
    pub found: u64,
    /// How many were read.
    pub read: u64,
    /// How many were written; in a dry run, how many would be.
    pub written: u64,
    /// How many were there already.
    pub already_there: u64,
    /// Those that could not be carried over, each with the reason.
    pub skipped: Vec<Problem>,
    /// Those that were put right on the way.
    pub mended: Vec<Problem>,
}

/// Something about a record that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The record.
    pub id: String,
    /// What.
    pub text: String,
}

impl Tally {
    /// Nothing counted yet.
    pub fn of(name: &'static str, found: u64) -> Self {
        Self {
            name,
            found,
            ..Self::default()
        }
    }

    /// Whether every record that was read is accounted for, and none that was there was missed.
    pub fn adds_up(&self) -> bool {
        let accounted = self.written + self.already_there + self.skipped.len() as u64;
        self.read == accounted && self.read >= self.found
    }
}

impl Migration {
    /// Does it, and tells `watch` after every page how far the kind at hand is.
    ///
    /// Fails where a store fails; what was written until then stays, and another run goes on.
    pub async fn run(&self, mode: Mode, watch: &(dyn Fn(&Tally) + Sync)) -> Result<Vec<Tally>> {
        let mut tallies = Vec::new();
        for &kind in Kind::ALL {
            let mut tally = Tally::of(kind.as_str(), self.from.count(kind).await?);
            self.carry(kind, mode, &mut tally, watch).await?;
            tallies.push(tally);
        }
        Ok(tallies)
    }

    async fn carry(
        &self,
        kind: Kind,
        mode: Mode,
        tally: &mut Tally,
        watch: &(dyn Fn(&Tally) + Sync),
    ) -> Result<()> {
        let mut after: Option<String> = None;
        loop {
            watch(tally);
            let page = self.from.page(kind, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(match last {
                Ok(entry) => entry.id.clone(),
                Err(unreadable) => unreadable.id.clone(),
            });
            tally.read += page.len() as u64;
            let entries = sort_out(page, tally);
            let added = match mode {
                Mode::Real => self.to.add(kind, &entries).await?,
                Mode::DryRun => self.rehearse(kind, &entries).await?,
            };
            for (entry, added) in entries.into_iter().zip(added) {
                note(tally, entry, added);
            }
        }
    }

    /// What [`Import::add`] would say, as far as the ids tell.
    async fn rehearse(&self, kind: Kind, entries: &[Entry]) -> Result<Vec<Added>> {
        let ids: Vec<&str> = entries.iter().map(|entry| &*entry.id).collect();
        let known = self.to.known(kind, &ids).await?;
        let outcome = |id: &&str| {
            if known.contains(*id) {
                Added::AlreadyThere
            } else {
                Added::Written
            }
        };
        Ok(ids.iter().map(outcome).collect())
    }
}

/// The entries that can be carried; the others are counted.
fn sort_out(page: Vec<Result<Entry, Unreadable>>, tally: &mut Tally) -> Vec<Entry> {
    let mut entries = Vec::new();
    for record in page {
        match record {
            Ok(entry) => entries.push(entry),
            Err(Unreadable { id, reason }) => tally.skipped.push(Problem { id, text: reason }),
        }
    }
    entries
}

fn note(tally: &mut Tally, entry: Entry, added: Added) {
    match added {
        Added::Written => tally.written += 1,
        Added::AlreadyThere => {
            tally.already_there += 1;
            return;
        }
        Added::Refused(text) => {
            let id = entry.id;
            tally.skipped.push(Problem { id, text });
            return;
        }
    }
    for text in entry.notes {
        let id = entry.id.clone();
        tally.mended.push(Problem { id, text });
    }
}
