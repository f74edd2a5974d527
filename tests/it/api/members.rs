//! Members of workspaces, invitations, and which workspace a request is about.

use serde_json::{Value, json};

use crate::support::{Client, Service};

const CURRENT: &str = "/api/v1/workspaces/current";

async fn id_of(client: &Client) -> String {
    let me = client.get("/api/v1/auth/me").await.ok();
    me["id"].as_str().unwrap().to_owned()
}

async fn invite(client: &Client, invitation: Value) -> Value {
    client
        .post(&format!("{CURRENT}/invitations"), &invitation)
        .await
        .ok()
}

async fn join(client: &Client, invitation: &Value) -> crate::support::Answer {
    let body = json!({"code": invitation["code"]});
    client.post("/api/v1/workspaces/join", &body).await
}

#[tokio::test]
async fn who_is_invited_joins_once_as_what_the_invitation_says() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let (bob, eve) = (
        service.client().registered("bob").await,
        service.client().registered("eve").await,
    );
    let invitation = invite(&ada, json!({"email": "BOB@example.com", "role": "viewer"})).await;
    let open = ada.get(&format!("{CURRENT}/invitations")).await;
    assert!(!open.text.contains(invitation["code"].as_str().unwrap()));
    assert_eq!(open.ok()[0]["id"], invitation["id"]);
    // It is for Bob alone, and for him once.
    assert_eq!(
        join(&eve, &invitation).await.problem().1,
        "invitation_not_found"
    );
    let joined = join(&bob, &invitation).await.ok();
    assert_eq!(joined["name"], "Ours");
    assert_eq!(
        join(&bob, &invitation).await.problem().1,
        "invitation_not_found"
    );
    let members = bob.get(&format!("{CURRENT}/members")).await.ok();
    let roles = members.as_array().unwrap().iter();
    let roles: Vec<_> = roles.map(|it| (&it["username"], &it["role"])).collect();
    assert_eq!(
        roles,
        [
            (&json!("ada"), &json!("owner")),
            (&json!("bob"), &json!("viewer"))
        ]
    );

    let withdrawn = invite(&ada, json!({"role": "developer"})).await;
    let path = format!(
        "{CURRENT}/invitations/{}",
        withdrawn["id"].as_str().unwrap()
    );
    ada.delete(&path).await.ok();
    assert_eq!(ada.delete(&path).await.problem().0, 404);
    assert_eq!(join(&eve, &withdrawn).await.problem().0, 404);
    let owner = json!({"role": "owner"});
    let refused = ada.post(&format!("{CURRENT}/invitations"), &owner).await;
    assert_eq!(refused.json()["errors"][0]["field"], "role");
}

#[tokio::test]
async fn of_many_who_take_one_invitation_only_one_gets_in() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let invitation = invite(&ada, json!({"role": "developer"})).await;
    let mut clients = Vec::new();
    for number in 0..4 {
        clients.push(service.client().registered(&format!("user{number}")).await);
    }
    let answers = clients.iter().map(|client| join(client, &invitation));
    let answers = futures::future::join_all(answers).await;
    let joined = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(joined.count(), 1, "{answers:?}");
}

#[tokio::test]
async fn where_one_must_be_invited_the_invitation_lets_one_register() {
    let service = Service::start(&[("REGISTRATION", "invitation")]);
    let ada = service.client().with_workspace("ada").await;
    let invitation = invite(&ada, json!({"role": "developer"})).await;
    let register = async |name: &str, code: &Value| {
        let account = json!({"username": name, "email": format!("{name}@example.com"), "password": "correct horse", "invitation": code});
        service
            .client()
            .post("/api/v1/auth/register", &account)
            .await
    };
    assert_eq!(
        register("bob", &Value::Null).await.problem().1,
        "registration_closed"
    );
    assert_eq!(
        register("bob", &json!("iexi_wrong")).await.problem().1,
        "invitation_not_found"
    );
    // What comes to nothing does not use it up.
    assert_eq!(
        register("ada", &invitation["code"]).await.problem().1,
        "username_taken"
    );
    let bob = register("bob", &invitation["code"]).await.ok();
    let workspace = ada.get(CURRENT).await.ok();
    assert_eq!(bob["workspace_id"], workspace["id"]);
    assert_eq!(bob["role"], "developer");
    assert_eq!(
        register("eve", &invitation["code"]).await.problem().1,
        "invitation_not_found"
    );
}

#[tokio::test]
async fn roles_say_what_one_may_do() {
    let service = Service::start(&[]);
    service.client().registered("root").await;
    let ada = service.client().with_workspace("ada").await;
    let member = async |name: &str, role: &str| {
        let client = service.client().registered(name).await;
        join(&client, &invite(&ada, json!({"role": role})).await)
            .await
            .ok();
        client
    };
    let viewer = member("viewer", "viewer").await;
    let developer = member("developer", "developer").await;
    let admin = member("admin", "admin").await;
    let issue = viewer.issue_ids().await.remove(0);
    let analyze = format!("/api/v1/issues/{issue}/analyze");
    let settings = json!({"auto_analyze": true});
    let (status, code, _) = viewer.post(&analyze, &json!({})).await.problem();
    assert_eq!((status, &*code), (403, "role_too_low"));
    let done = developer.post(&analyze, &json!({})).await.ok();
    assert_eq!(done["status"], "completed");
    for client in [&viewer, &developer] {
        let (status, _, detail) = client.put("/api/v1/settings", &settings).await.problem();
        assert_eq!(
            (status, &*detail),
            (403, "Only workspace owner can update settings")
        );
    }
    admin.put("/api/v1/settings", &settings).await.ok();

    let path = |id: &str| format!("{CURRENT}/members/{id}");
    let (viewer_id, admin_id, ada_id) =
        (id_of(&viewer).await, id_of(&admin).await, id_of(&ada).await);
    let to = |role: &str| json!({"role": role});
    assert_eq!(
        developer
            .put(&path(&viewer_id), &to("developer"))
            .await
            .problem()
            .0,
        403
    );
    admin.put(&path(&viewer_id), &to("developer")).await.ok();
    viewer.post(&analyze, &json!({})).await.ok();
    // The owner alone gives the workspace away, and cannot be removed or leave before.
    assert_eq!(
        admin.put(&path(&admin_id), &to("owner")).await.problem().1,
        "role_too_low"
    );
    assert_eq!(
        admin.delete(&path(&ada_id)).await.problem().1,
        "owner_stays"
    );
    assert_eq!(ada.delete(&path(&ada_id)).await.problem().1, "owner_stays");
    ada.put(&path(&admin_id), &to("owner")).await.ok();
    assert_eq!(ada.get(CURRENT).await.ok()["owner_id"], json!(admin_id));
    ada.delete(&path(&ada_id)).await.ok();
    assert_eq!(ada.get(CURRENT).await.problem().1, "no_workspace");
    assert_eq!(
        admin.delete(&path("nobody")).await.problem().1,
        "member_not_found"
    );
    admin.delete(&path(&viewer_id)).await.ok();
    assert_eq!(viewer.get(CURRENT).await.problem().0, 404);
    assert_eq!(viewer.get("/api/v1/issues").await.problem().0, 400);
}

#[tokio::test]
async fn a_request_is_about_the_workspace_it_names() {
    let service = Service::start(&[]);
    let ada = service.client().with_workspace("ada").await;
    let first = ada.get(CURRENT).await.ok();
    let new = json!({"name": "Second"});
    let second = ada.post("/api/v1/workspaces", &new).await.ok()["workspace"].clone();
    let id = |workspace: &Value| workspace["id"].as_str().unwrap().to_owned();
    assert_eq!(ada.get(CURRENT).await.ok()["id"], second["id"]);
    let named = ada.with("x-workspace-id", &id(&first));
    assert_eq!(named.get(CURRENT).await.ok()["id"], first["id"]);
    let issue = named.issue_ids().await.remove(0);
    named
        .post(&format!("/api/v1/issues/{issue}/analyze"), &json!({}))
        .await
        .ok();
    assert_eq!(
        named
            .get("/api/v1/issues/processed")
            .await
            .ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(ada.get("/api/v1/issues/processed").await.ok(), json!([]));

    let moved = ada
        .post(
            &format!("/api/v1/workspaces/{}/switch", id(&first)),
            &json!({}),
        )
        .await;
    assert_eq!(moved.ok()["workspace_id"], first["id"]);
    assert_eq!(ada.get(CURRENT).await.ok()["id"], first["id"]);
    let bob = service.client().with_workspace("bob").await;
    for named in [&id(&first), "nowhere", "../x", ""] {
        let answer = bob.with("x-workspace-id", named).get(CURRENT).await;
        let expected = (
            404,
            "workspace_not_found".to_owned(),
            "Workspace not found".to_owned(),
        );
        assert_eq!(answer.problem(), expected, "{named}");
        if !named.is_empty() && !named.contains('/') {
            let path = format!("/api/v1/workspaces/{named}/switch");
            assert_eq!(bob.post(&path, &json!({})).await.problem(), expected);
        }
    }
}
