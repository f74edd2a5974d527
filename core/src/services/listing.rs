//! Pages of a workspace's analyses, and the cursors between them.

use sha2::{Digest, Sha256};

use crate::{
    digest::hex,
    domain::{Analysis, AnalysisFilter, Page, Position, Timestamp, Workspace},
    services::{Access, AnalysisRequests, Failure},
};

/// The form of the cursors this version gives out.
const VERSION: &str = "1";

/// How many bytes of the digest a cursor bears: enough that none is right by chance.
const SEAL: usize = 12;

impl AnalysisRequests {
    /// One page of the workspace's analyses, newest first. `cursor` is that of a former page of
    /// the same list, and decides where this one begins.
    pub async fn page(
        &self,
        of: &Access,
        mut filter: AnalysisFilter,
        cursor: Option<&str>,
    ) -> Result<Page<Analysis>, Failure> {
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        if let Some(cursor) = cursor {
            filter.after = Some(position(cursor, of, &filter)?);
        }
        // One more than is shown tells whether there is a next page.
        filter.limit = filter.limit.saturating_add(1);
        let mut items = self.list(of, &filter).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more).map(Analysis::position);
        let next = last.map(|last| self::cursor(&last, of, &filter));
        Ok(Page {
            items,
            next,
            prev: None,
        })
    }
}

/// `version.moment.id.seal`. The seal binds it to its workspace and filter: it keeps mistakes from
/// passing unseen. It is no secret, and whoever forged one would see their own analyses.
fn cursor(at: &Position, of: &Workspace, filter: &AnalysisFilter) -> String {
    let moment = at.created_at.as_millisecond();
    let seal = seal(at, of, filter);
    format!("{VERSION}.{moment}.{}.{seal}", at.id)
}

fn position(cursor: &str, of: &Workspace, filter: &AnalysisFilter) -> Result<Position, Failure> {
    let parts: Vec<&str> = cursor.split('.').collect();
    let [version, moment, id, given] = parts[..] else {
        return Err(refused());
    };
    let moment = moment.parse().ok();
    let created_at = moment.and_then(|moment| Timestamp::from_millisecond(moment).ok());
    let (Some(created_at), Ok(id)) = (created_at, id.parse()) else {
        return Err(refused());
    };
    let at = Position { created_at, id };
    if version != VERSION || given != seal(&at, of, filter) {
        return Err(refused());
    }
    Ok(at)
}

fn refused() -> Failure {
    Failure::Invalid {
        field: "cursor",
        message: "is not one that a page of this list gave; leave it out to begin anew".to_owned(),
    }
}

fn seal(at: &Position, of: &Workspace, filter: &AnalysisFilter) -> String {
    let asked = (
        filter.status,
        filter.priority,
        filter.project_key(),
        filter.model_key(),
        filter.folded_text(),
    );
    let moment = at.created_at.as_millisecond();
    // Debug of plain data, and quoted where it is text: no two lists read the same.
    let digest = Sha256::digest(format!("{VERSION} {moment} {} {} {asked:?}", at.id, of.id));
    hex(&digest[..SEAL])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::samples::{at, id, workspace};

    #[test]
    fn a_cursor_is_good_for_its_own_list_alone() {
        let ours = workspace("ours", "ada");
        let filter = AnalysisFilter {
            text: Some("Total".to_owned()),
            limit: 3,
            ..AnalysisFilter::default()
        };
        let place = Position {
            created_at: at(7),
            id: id("analysis-1"),
        };
        let given = cursor(&place, &ours, &filter);
        let found = position(&given, &ours, &filter).unwrap();
        assert_eq!(found, place);
        let same = AnalysisFilter {
            text: Some(" total".to_owned()),
            limit: 9,
            ..filter.clone()
        };
        assert!(position(&given, &ours, &same).is_ok());

        let other = AnalysisFilter {
            text: None,
            ..filter.clone()
        };
        assert!(position(&given, &ours, &other).is_err());
        assert!(position(&given, &workspace("theirs", "bob"), &filter).is_err());
        for bad in [
            "",
            "1",
            "....",
            "1.x.y.z",
            &given[1..],
            &format!("{given}0"),
        ] {
            assert!(position(bad, &ours, &filter).is_err(), "{bad}");
        }
        for (index, letter) in given.char_indices() {
            let mut changed = given.clone();
            let to = if letter == '2' { "3" } else { "2" };
            changed.replace_range(index..=index, to);
            assert!(position(&changed, &ours, &filter).is_err(), "{changed}");
        }
    }
}
