//! Accounts.

use ::mongodb::bson::doc;
use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::{Role, User, UserId, login_key},
    ports::Users,
};

use super::{
    MongoStore,
    documents::Record,
    fault::Fault,
    indexes::{EMAIL, FIRST, USERNAME, USERS},
    query,
};

#[async_trait]
impl Users for MongoStore {
    async fn get(&self, id: &UserId) -> Result<Option<User>> {
        let users = self.collection(USERS);
        let by_id = doc! { "_id": id.as_str() };
        self.read("get user", query::one(&users, by_id)).await
    }

    async fn find_login(&self, login: &str) -> Result<Option<User>> {
        let users = self.collection(USERS);
        let key = login_key(login);
        self.read("find login", async {
            match query::one(&users, doc! { "username_key": &key }).await? {
                Some(user) => Ok(Some(user)),
                None => query::one(&users, doc! { "email_key": &key }).await,
            }
        })
        .await
    }

    async fn insert(&self, user: User) -> Result<User> {
        self.run("insert user", async {
            if let Some(first) = self.insert_first(&user).await? {
                return Ok(first);
            }
            let added = query::add(&self.collection(USERS), user.to_document()?).await;
            added.map_err(name_taken)?;
            Ok(user)
        })
        .await
    }

    async fn update(&self, user: &User) -> Result<()> {
        let users = self.collection(USERS);
        self.run("update user", async {
            let by_id = doc! { "_id": user.id.as_str() };
            let replace = users.update_one(by_id, doc! { "$set": user.to_document()? });
            let replaced = replace.await.map_err(|error| name_taken(error.into()))?;
            match replaced.matched_count {
                0 => Err(Fault::refused(
                    ErrorKind::NotFound,
                    "could not update the user because there is none with this id",
                )),
                _ => Ok(()),
            }
        })
        .await
    }
}

impl MongoStore {
    /// Adds `user` as the administrator if there is no account at all. That there is one first
    /// account, whoever else tries at this moment, is held by the index on the field `first`: the
    /// account and its being the first are one document, and come to be together.
    async fn insert_first(&self, user: &User) -> Result<Option<User>, Fault> {
        let users = self.collection(USERS);
        let any = users.find_one(doc! {}).sort(doc! { "_id": 1 });
        if any.await?.is_some() {
            return Ok(None);
        }
        let first = User {
            role: Role::Admin,
            ..user.clone()
        };
        let mut document = first.to_document()?;
        document.insert("first", true);
        match query::add(&users, document).await {
            Err(Fault::Taken(index)) if index == FIRST => Ok(None),
            added => added.map(|()| Some(first)).map_err(name_taken),
        }
    }
}

fn name_taken(fault: Fault) -> Fault {
    match fault {
        Fault::Taken(name) if [USERNAME, EMAIL].contains(&name.as_str()) => Fault::refused(
            ErrorKind::Conflict,
            format!("{name} is taken by another account; choose another"),
        ),
        other => other,
    }
}
