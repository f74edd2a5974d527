//! The cases about lists.

use super::{all, claimed, finished, started};
use crate::{
    Result,
    domain::{
        Analysis, AnalysisFilter, Issue, Neighbour, NewAnalysis, Outcome, Priority, Project,
        Specification, Status, WorkspaceId,
    },
    ensure,
    ports::Analyses,
    testkit::{
        conformance::Verdict,
        samples::{completed, failure, id, issue, request},
    },
};

pub(super) async fn a_list_is_newest_first_filtered_by_status_and_cut_by_limit_and_skip(
    analyses: &dyn Analyses,
) -> Verdict {
    for (issue, seconds) in [("a", 2), ("b", 1), ("c", 3), ("d", 2), ("e", 0)] {
        analyses.enqueue(request(issue, seconds)).await?;
    }
    // The two that waited longest: one ends, one runs; that they changed does not move them.
    let (lease, job) = claimed(analyses, 9).await?;
    finished(analyses, &lease, &job, completed(&job, "done"), 10).await?;
    claimed(analyses, 9).await?;

    let status = |status| Some(status);
    for (filter, expected) in [
        ((None, 100, 0), "c d a b e"),
        ((None, 2, 0), "c d"),
        ((None, 2, 1), "d a"),
        ((None, 100, 4), "e"),
        ((None, 100, 5), ""),
        ((None, 100, u32::MAX), ""),
        ((status(Status::Pending), 100, 0), "c d a"),
        ((status(Status::Pending), 1, 1), "d"),
        ((status(Status::Analyzing), 100, 0), "b"),
        ((status(Status::Completed), 100, 0), "e"),
        ((status(Status::Failed), 100, 0), ""),
    ] {
        let (status, limit, skip) = filter;
        let filter = AnalysisFilter {
            status,
            limit,
            skip,
            ..AnalysisFilter::default()
        };
        let listed = listed(analyses, &filter).await?;
        ensure!(listed == expected, "{filter:?}: {listed:?}");
    }
    Ok(())
}

pub(super) async fn a_list_is_filtered_by_priority_project_and_model_of_the_newest_result_and_by_all_of_them_at_once(
    analyses: &dyn Analyses,
) -> Verdict {
    use Priority::{High, Low};
    for (name, project, priority, model) in [
        ("a", "shop", High, Some("gpt")),
        ("b", "shop", Low, None),
        ("c", "till", High, None),
        ("d", "till", High, Some("gpt")),
    ] {
        let (lease, job) = started(analyses, of_project(name, project), 1).await?;
        let Outcome::Completed {
            issue, fingerprint, ..
        } = completed(&job, "done")
        else {
            continue;
        };
        let outcome = Outcome::Completed {
            issue,
            fingerprint,
            specification: Box::new(Specification {
                priority,
                model: model.map(str::to_owned),
                ..Specification::default()
            }),
        };
        finished(analyses, &lease, &job, outcome, 2).await?;
    }
    let (lease, job) = started(analyses, of_project("e", "shop"), 3).await?;
    finished(analyses, &lease, &job, Outcome::Failed(failure()), 4).await?;
    // The newest result counts, also while the next run is under way.
    analyses.enqueue(of_project("d", "till")).await?;

    let text = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        ((None, Some(High), None, None), "d c a"),
        ((None, Some(Low), None, None), "b"),
        ((None, Some(Priority::Critical), None, None), ""),
        ((None, None, text("shop"), None), "e b a"),
        ((None, None, text("id of till"), None), "d c"),
        ((None, None, text("SHOP"), None), ""),
        ((None, None, text(""), None), ""),
        ((None, None, text("$ne"), None), ""),
        ((None, None, None, text("gpt")), "d a"),
        ((None, None, None, text("heuristic")), "c b"),
        ((None, None, None, text("g")), ""),
        (
            (
                Some(Status::Completed),
                Some(High),
                text("till"),
                text("heuristic"),
            ),
            "c",
        ),
        ((Some(Status::Completed), None, None, text("gpt")), "a"),
        ((Some(Status::Failed), None, text("shop"), None), "e"),
    ] {
        let (status, priority, project, model) = filter;
        let filter = AnalysisFilter {
            status,
            priority,
            project,
            model,
            ..all()
        };
        let listed = listed(analyses, &filter).await?;
        ensure!(listed == expected, "{filter:?}: {listed:?}");
    }
    Ok(())
}

pub(super) async fn a_text_finds_what_it_occurs_in_in_any_case_and_taken_literally(
    analyses: &dyn Analyses,
) -> Verdict {
    for (name, title, culprit) in [
        ("a", "KeyError: 'total' in [cart]", "shop.cart in checkout"),
        ("b", "Straße (.*) \\E\n\0 50%_off", "ÄPFEL"),
        ("c", &"long ".repeat(1000), "needle"),
    ] {
        analyses
            .enqueue(NewAnalysis {
                issue: Issue {
                    title: title.to_owned(),
                    culprit: Some(culprit.to_owned()),
                    ..issue(name)
                },
                ..request(name, 0)
            })
            .await?;
    }
    let (lease, job) = claimed(analyses, 1).await?;
    finished(
        analyses,
        &lease,
        &job,
        completed(&job, "The Total Is\n\nMissing"),
        2,
    )
    .await?;
    for (text, expected) in [
        ("keyerror", "a"),
        ("ERROR: 'TOTAL'", "a"),
        ("SHOP-", "c b a"),
        ("  total \t is\0missing ", "a"),
        ("missing total", ""),
        ("[cart]", "a"),
        ("cart.in", ""),
        (".*", "b"),
        ("(.*) \\e", "b"),
        ("%", "b"),
        ("_o", "b"),
        ("e_r", ""),
        ("STRASSE", ""),
        ("straße", "b"),
        ("äpfel", "b"),
        ("needle", "c"),
        ("long", "c"),
        ("", "c b a"),
        (" \n ", "c b a"),
        ("^shop", ""),
        ("\u{10FFFF}", ""),
    ] {
        let filter = AnalysisFilter {
            text: Some(text.to_owned()),
            ..all()
        };
        let listed = listed(analyses, &filter).await?;
        ensure!(listed == expected, "{text:?}: {listed:?}");
    }
    Ok(())
}

pub(super) async fn a_list_goes_on_after_a_position_also_when_that_one_is_gone_and_others_came(
    analyses: &dyn Analyses,
) -> Verdict {
    for (issue, seconds) in [("a", 2), ("b", 1), ("c", 3), ("d", 2), ("e", 0)] {
        analyses.enqueue(request(issue, seconds)).await?;
    }
    let mut page = AnalysisFilter {
        limit: 2,
        ..AnalysisFilter::default()
    };
    let first = analyses.list(&id("ws"), &page).await?;
    let last = first.last().map(Analysis::position);
    ensure!(names(&first) == "c d", "{}", names(&first));
    analyses.delete(&id("ws"), &id("analysis-d")).await?;
    analyses.enqueue(request("newer", 9)).await?;
    page.after = last;
    let second = analyses.list(&id("ws"), &page).await?;
    ensure!(names(&second) == "a b", "{}", names(&second));
    page.after = second.last().map(Analysis::position);
    let third = listed(analyses, &page).await?;
    ensure!(third == "e", "{third}");
    page.skip = 1;
    let skipped = listed(analyses, &page).await?;
    ensure!(skipped.is_empty(), "{skipped}");
    page.skip = 0;
    page.status = Some(Status::Completed);
    let none = listed(analyses, &page).await?;
    ensure!(none.is_empty(), "{none}");
    Ok(())
}

fn of_project(name: &str, slug: &str) -> NewAnalysis {
    let project = Project {
        id: format!("id of {slug}"),
        slug: slug.to_owned(),
        ..Project::default()
    };
    NewAnalysis {
        issue: Issue {
            project,
            ..issue(name)
        },
        ..request(name, 0)
    }
}

/// The issues of a list, in its order.
async fn listed(analyses: &dyn Analyses, filter: &AnalysisFilter) -> Result<String> {
    Ok(names(&analyses.list(&id("ws"), filter).await?))
}

fn names(listed: &[Analysis]) -> String {
    let issues: Vec<_> = listed.iter().map(|one| one.issue.id.as_str()).collect();
    issues.join(" ")
}

pub(super) async fn the_neighbours_of_an_issue_are_the_completed_analyses_issues_newest_first_and_no_more_than_asked_for(
    analyses: &dyn Analyses,
) -> Verdict {
    let own: WorkspaceId = id("ws");
    ensure!(
        analyses.neighbours(&own, 9).await?.is_empty(),
        "there is none"
    );
    let mut issues = Vec::new();
    for (name, seconds) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        let asked = NewAnalysis {
            issue: Issue {
                short_id: Some(format!("SHOP-{name}")),
                culprit: Some("checkout".to_owned()),
                ..issue(name)
            },
            ..request(name, seconds)
        };
        issues.push(asked.issue.clone());
        analyses.enqueue(asked).await?;
    }
    // One fails, one waits.
    for name in ["a", "b", "c"] {
        let (lease, job) = claimed(analyses, 9).await?;
        let outcome = if name == "b" {
            Outcome::Failed(failure())
        } else {
            completed(&job, "done")
        };
        finished(analyses, &lease, &job, outcome, 10).await?;
    }
    let expected = [2, 0].map(|number: usize| Neighbour::from(&issues[number]));
    let found = analyses.neighbours(&own, 9).await?;
    ensure!(found == expected, "{found:?}");
    let found = analyses.neighbours(&own, 1).await?;
    ensure!(found == expected[..1], "{found:?}");
    ensure!(analyses.neighbours(&own, 0).await?.is_empty(), "of none");
    let elsewhere = analyses.neighbours(&id("elsewhere"), 9).await?;
    ensure!(elsewhere.is_empty(), "{elsewhere:?}");
    Ok(())
}
