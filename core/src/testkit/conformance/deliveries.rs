//! The suite of [`Deliveries`].

use super::{Case, Verdict};
use crate::{
    cases,
    domain::WorkspaceId,
    ensure,
    ports::Deliveries,
    testkit::samples::{at, id},
};

/// Every promise of [`Deliveries`], for a store that knows of no delivery.
pub const CASES: &[Case<dyn Deliveries>] = cases![dyn Deliveries;
    "a remembered delivery is known by any of its marks" =>
        a_remembered_delivery_is_known_by_any_of_its_marks,
    "an unknown delivery is not known" => an_unknown_delivery_is_not_known,
    "a delivery to one workspace is not known in another" =>
        a_delivery_to_one_workspace_is_not_known_in_another,
    "remembering twice is no error" => remembering_twice_is_no_error,
    "a delivery is forgotten once its time is over" => a_delivery_is_forgotten_once_its_time_is_over,
];

async fn a_remembered_delivery_is_known_by_any_of_its_marks(all: &dyn Deliveries) -> Verdict {
    all.remember(&ws(), &marks(&["id", "signature"]), at(60), at(0))
        .await?;
    for known in [&["id"][..], &["signature"], &["other", "signature"]] {
        ensure!(
            all.is_known(&ws(), &marks(known)).await?,
            "not by {known:?}"
        );
    }
    Ok(())
}

async fn an_unknown_delivery_is_not_known(all: &dyn Deliveries) -> Verdict {
    ensure!(!all.is_known(&ws(), &marks(&["id"])).await?, "it is");
    all.remember(&ws(), &marks(&["id"]), at(60), at(0)).await?;
    for unknown in [&["ID"][..], &["i", "d"], &[]] {
        ensure!(
            !all.is_known(&ws(), &marks(unknown)).await?,
            "known by {unknown:?}"
        );
    }
    Ok(())
}

async fn a_delivery_to_one_workspace_is_not_known_in_another(all: &dyn Deliveries) -> Verdict {
    all.remember(&ws(), &marks(&["id"]), at(60), at(0)).await?;
    let other = all.is_known(&id("other"), &marks(&["id"])).await?;
    ensure!(!other, "it is");
    Ok(())
}

async fn remembering_twice_is_no_error(all: &dyn Deliveries) -> Verdict {
    all.remember(&ws(), &marks(&["id"]), at(60), at(0)).await?;
    all.remember(&ws(), &marks(&["id", "more"]), at(30), at(1))
        .await?;
    all.remember(&ws(), &marks(&["third"]), at(90), at(45))
        .await?;
    ensure!(
        all.is_known(&ws(), &marks(&["id"])).await?,
        "the later, shorter one took its place"
    );
    ensure!(
        !all.is_known(&ws(), &marks(&["more"])).await?,
        "what came with it is known too long"
    );
    Ok(())
}

async fn a_delivery_is_forgotten_once_its_time_is_over(all: &dyn Deliveries) -> Verdict {
    all.remember(&ws(), &marks(&["id"]), at(60), at(0)).await?;
    all.remember(&ws(), &marks(&["other"]), at(90), at(59))
        .await?;
    ensure!(
        all.is_known(&ws(), &marks(&["id"])).await?,
        "it was forgotten too early"
    );
    all.remember(&ws(), &marks(&["other"]), at(90), at(60))
        .await?;
    ensure!(
        !all.is_known(&ws(), &marks(&["id"])).await?,
        "it is still known"
    );
    ensure!(
        all.is_known(&ws(), &marks(&["other"])).await?,
        "the other was forgotten"
    );
    Ok(())
}

fn ws() -> WorkspaceId {
    id("ws")
}

fn marks(marks: &[&str]) -> Vec<String> {
    marks.iter().map(|&mark| mark.to_owned()).collect()
}
