//! What the older backend did wrong, defect by defect: each is shown to be gone, here or where the
//! table says.

use std::{fs, path::Path};

use explainer_core::domain::Timestamp;
use serde_json::{Value, json};

use crate::support::{
    Client, Service,
    replay::Replay,
    wire::{MODEL, Wire},
};

/// Number, what was wrong, the file below `tests/it` and the test that shows that it is gone.
const GONE: &[(u8, &str, &str, &str)] = &[
    (
        1,
        "nothing of an event was looked at",
        "api/defects.rs",
        "the_stack_trace_is_looked_at",
    ),
    (
        2,
        "an answer that could not be read was completed with placeholders",
        "api/defects.rs",
        "an_answer_that_cannot_be_read_completes_nothing",
    ),
    (
        3,
        "a crash left `analyzing` for ever",
        "durability.rs",
        "a_job_whose_worker_died_is_taken_up_again",
    ),
    (
        4,
        "eight requests made eight runs",
        "api/analyze.rs",
        "eight_requests_at_once_are_one_run",
    ),
    (
        5,
        "secrets were shown, and kept in clear",
        "api/workspaces.rs",
        "a_secret_is_never_shown_again",
    ),
    (
        6,
        "anybody chose to be admin",
        "api/accounts.rs",
        "the_first_account_is_admin_and_nobody_chooses_their_role",
    ),
    (
        7,
        "72 bytes of a password counted",
        "api/accounts.rs",
        "every_byte_of_a_password_counts",
    ),
    (
        7,
        "an unknown user answered faster",
        "api/defects.rs",
        "an_unknown_name_takes_as_long_as_a_wrong_password",
    ),
    (
        7,
        "guessing cost nothing",
        "api/logins.rs",
        "whoever_guesses_has_to_wait_and_nobody_else_does",
    ),
    (
        8,
        "tokens without exp, subs that are no ids",
        "api/token_attacks.rs",
        "no_forged_token_lets_anybody_in",
    ),
    (
        9,
        "any origin was allowed",
        "api/problems.rs",
        "only_listed_origins_may_read_answers",
    ),
    (
        10,
        "pages never went on",
        "api/issues.rs",
        "pages_lead_through_every_issue_and_back",
    ),
    (
        10,
        "counts and tags were empty",
        "api/defects.rs",
        "counts_tags_and_projects_are_what_they_are",
    ),
    (
        11,
        "every failure of the source was a 404",
        "api/sentry.rs",
        "refusals_of_sentry_reach_the_client_as_what_they_are",
    ),
    (
        12,
        "`auto_analyze` did nothing",
        "api/webhooks.rs",
        "what_webhooks_tell_of_is_explained_without_being_asked",
    ),
    (
        12,
        "`notification_email` did nothing",
        "api/notifications.rs",
        "notification_email_is_told_when_an_analysis_ends",
    ),
    (
        13,
        "routes answered without a token",
        "api/matrix.rs",
        "without_a_good_token_no_operation_does_anything",
    ),
    (
        14,
        "times had no zone",
        "api/defects.rs",
        "times_have_a_zone_and_an_update_is_later_than_the_start",
    ),
];

#[test]
fn each_is_shown_where_the_table_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("it");
    for (number, what, file, test) in GONE {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(
            text.contains(&format!("fn {test}(")),
            "{number}: {what}: {file} has no {test}"
        );
    }
}

async fn analyzed(client: &Client, title: &str) -> Value {
    let page = client.get("/api/v1/issues/?limit=100").await.ok();
    let issues = page["issues"].as_array().unwrap();
    let wanted = |issue: &&Value| issue["title"].as_str().unwrap().contains(title);
    let id = issues.iter().find(wanted).unwrap()["id"].as_str().unwrap();
    client
        .post(&format!("/api/v1/issues/{id}/analyze"), &json!({}))
        .await
        .ok()
}

#[tokio::test]
async fn the_stack_trace_is_looked_at() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let done = analyzed(&ada, "PendingRollbackError").await;
    let text = done["analysis"].to_string();
    assert!(
        text.contains(".py"),
        "no file of the stack is named: {text}"
    );
    let trace = ada.get("/api/v1/issues/processed?limit=1").await.ok();
    let trace = trace[0]["sentry_issue"]["stack_trace"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(trace.contains(".py"), "{trace}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_completes_nothing() {
    let server = Replay::start().await;
    let (path, found) = Wire::Chat.description();
    server.on(path, [found]);
    let answer = Wire::Chat.answer(&["I am sorry, I can not help with that."], "stop");
    server.on(Wire::Chat.path(), [answer]);
    let url = format!("{}/v1", server.url());
    let service = Service::start(&[
        ("OPENAI_BASE_URL", &url),
        ("OPENAI_MODEL", MODEL),
        ("EXPLAINER__ANALYSIS__ATTEMPTS", "1"),
    ]);
    let client = service.client().with_workspace("ada").await;
    let issue = client.issue_ids().await.remove(0);
    let path = format!("/api/v1/issues/{issue}/analyze");
    let answer = client.post(&path, &json!({})).await.ok();
    let kept = client.get("/api/v1/issues/processed/").await.ok();
    for seen in [&answer, &kept[0]] {
        assert_eq!(seen["status"], "failed", "{seen}");
        assert_eq!(seen["error"]["code"], "model_answer_unusable", "{seen}");
    }
    assert_eq!(answer["analysis"], Value::Null);
    assert_eq!(kept[0]["ai_analysis"], Value::Null);
}

#[tokio::test]
async fn an_unknown_name_takes_as_long_as_a_wrong_password() {
    let service = Service::start(&[]);
    service.client().registered("ada").await;
    let tries = async |name: &str| {
        let mut quickest = std::time::Duration::MAX;
        for _ in 0..5 {
            let body = json!({"username": name, "password": "wrong horse"});
            let begin = std::time::Instant::now();
            let answer = service.client().post("/api/v1/auth/login", &body).await;
            quickest = quickest.min(begin.elapsed());
            assert_eq!(answer.problem().1, "wrong_login");
        }
        quickest
    };
    let (known, unknown) = (tries("ada").await, tries("nobody").await);
    assert!(
        unknown * 4 > known,
        "{unknown:?} for nobody, {known:?} for somebody"
    );
}

#[tokio::test]
async fn counts_tags_and_projects_are_what_they_are() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let page = ada.get("/api/v1/issues/?limit=100").await.ok();
    let issues = page["issues"].as_array().unwrap();
    for issue in issues {
        assert_eq!(issue["userCount"], issue["user_count"]);
        assert!(issue["count"].is_i64(), "{issue}");
    }
    let counted = |field: &str| {
        issues
            .iter()
            .any(|issue| issue[field].as_i64().unwrap() > 0)
    };
    assert!(counted("count") && counted("userCount"));
    let tagged = issues.iter().any(|issue| {
        let tags = issue["tags"].as_object().unwrap();
        tags.values()
            .any(|value| value.as_str().is_some_and(|it| !it.is_empty()))
    });
    assert!(tagged, "no tag has a value");
    let projects = ada.get("/api/v1/issues/projects").await.ok();
    for key in ["id", "slug"] {
        let project = projects[0][key].as_str().unwrap();
        let path = format!("/api/v1/issues/?project_id={project}");
        assert!(
            !ada.get(&path).await.ok()["issues"]
                .as_array()
                .unwrap()
                .is_empty(),
            "{project}"
        );
    }
}

#[tokio::test]
async fn times_have_a_zone_and_an_update_is_later_than_the_start() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let done = analyzed(&ada, "PendingRollbackError").await;
    let (created, updated) = (
        &done["analysis"]["created_at"],
        &done["analysis"]["updated_at"],
    );
    for time in [created, updated] {
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    }
    let record = &ada.get("/api/v1/issues/processed").await.ok()[0];
    // As moments: texts with and without a fraction of a second do not compare.
    let moment = |field: &str| {
        record[field]
            .as_str()
            .unwrap()
            .parse::<Timestamp>()
            .unwrap()
    };
    assert!(moment("updated_at") > moment("created_at"), "{record}");
}
