//! Accounts that an older installation brought along, with bcrypt hashes of another program's making.

use explainer_adapters::storage::sqlite::SqliteStore;
use explainer_core::{domain::User, ports::Users};
use serde_json::json;

use crate::support::Service;

/// «correct horse», as the C library's `crypt` makes it.
const HASH: &str = "04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
/// Eighty times «x», of which bcrypt reads 72.
const LONG: &str = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";

async fn set_hash(store: &SqliteStore, hash: &str) {
    let ada = store.find_login("ada").await.unwrap().unwrap();
    let read_at = ada.updated_at;
    let changed = User {
        password_hash: hash.to_owned(),
        ..ada
    };
    Users::update(store, changed, read_at).await.unwrap();
}

#[tokio::test]
async fn a_bcrypt_hash_is_accepted_and_replaced_at_the_next_login() {
    let service = Service::start(&[]);
    service.client().registered("ada").await;
    let store = SqliteStore::open(service.folder().join("data/explainer.db")).unwrap();
    let login = async |password: &str| {
        let body = json!({"username": "ada", "password": password});
        let answer = service.client().post("/api/v1/auth/login", &body).await;
        answer.status.as_u16()
    };
    let hash = async || {
        store
            .find_login("ada")
            .await
            .unwrap()
            .unwrap()
            .password_hash
    };
    for version in ["$2a$", "$2b$", "$2y$"] {
        set_hash(&store, &format!("{version}{HASH}")).await;
        assert_eq!(login("wrong horse").await, 401);
        assert!(
            hash().await.starts_with(version),
            "a wrong password changes nothing"
        );
        assert_eq!(login("correct horse").await, 200, "{version}");
        assert!(hash().await.starts_with("$argon2id$"));
        assert_eq!(login("correct horse").await, 200);
    }
    // From the first login on every byte counts, those too that bcrypt did not read.
    set_hash(&store, LONG).await;
    let (right, other) = (
        "x".repeat(80),
        format!("{}{}", "x".repeat(72), "y".repeat(8)),
    );
    assert_eq!(login(&right).await, 200);
    assert_eq!(login(&other).await, 401);
    assert_eq!(login(&right).await, 200);
}
