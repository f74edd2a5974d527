//! `/audit`: who changed what, when and from where.

use serde_json::{Value, json};

use crate::support::Service;

#[tokio::test]
async fn what_was_changed_is_written_down_and_no_secret_with_it() {
    let service = Service::start(&[]);
    let root = service.client().registered("root").await;
    let ada = service.client().with_workspace("ada").await;
    let key = json!({"openai_api_key": "sk-0123456789abcdef"});
    ada.put("/api/v1/workspaces/current", &key).await.ok();
    ada.put("/api/v1/settings", &json!({"auto_analyze": true}))
        .await
        .ok();
    ada.put("/api/v1/settings", &json!({"auto_analyze": true}))
        .await
        .ok();
    let invitation = json!({"role": "viewer"});
    ada.post("/api/v1/workspaces/current/invitations", &invitation)
        .await
        .ok();
    let ada_id = ada.get("/api/v1/auth/me").await.ok()["id"].clone();
    let path = format!("/api/v1/users/{}", ada_id.as_str().unwrap());
    root.put(&path, &json!({"role": "manager"})).await.ok();

    assert_eq!(
        ada.get("/api/v1/audit").await.problem().1,
        "not_administrator"
    );
    let mut seen: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = root.get(&format!("/api/v1/audit?limit=2{cursor}")).await;
        assert!(!page.text.contains("sk-0123456789abcdef"));
        let page = page.ok();
        seen.extend(page["entries"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let told = |entry: &Value| {
        let text = |field: &str| entry[field].as_str().unwrap().to_owned();
        (text("username"), text("action"))
    };
    let of = |name: &str, action: &str| (name.to_owned(), action.to_owned());
    let expected = [
        of("root", "account.updated"),
        of("ada", "invitation.created"),
        of("ada", "settings.updated"),
        of("ada", "workspace.updated"),
        of("ada", "workspace.created"),
        of("ada", "account.registered"),
        of("root", "account.registered"),
    ];
    assert_eq!(seen.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(
        seen[0]["target"],
        format!("{}: role", ada_id.as_str().unwrap())
    );
    for entry in &seen {
        assert_eq!(entry["address"], "127.0.0.1");
        assert!(entry["at"].as_str().unwrap().ends_with('Z'));
    }
    let current = ada.get("/api/v1/workspaces/current").await.ok();
    assert_eq!(seen[2]["workspace_id"], current["id"]);
}
