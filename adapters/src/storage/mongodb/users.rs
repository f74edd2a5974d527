//! Accounts.

use ::mongodb::bson::doc;
use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::{Role, Timestamp, User, UserId, login_key},
    ports::Users,
};

use super::{
    MongoStore,
    documents::Record,
    fault::Fault,
    forms::date,
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
            if let Some(first) = self.add_first(&user).await? {
                return Ok(first);
            }
            let added = query::add(&self.collection(USERS), user.to_document()?).await;
            added.map_err(name_taken)?;
            Ok(user)
        })
        .await
    }

    async fn insert_first(&self, user: User) -> Result<Option<User>> {
        self.run("insert first user", self.add_first(&user)).await
    }

    async fn update(&self, mut user: User, read_at: Timestamp) -> Result<User> {
        user.succeed(read_at);
        let users = self.collection(USERS);
        self.run("update user", async {
            let unchanged = doc! { "_id": user.id.as_str(), "updated_at": date(read_at) };
            let replace = users.update_one(unchanged, doc! { "$set": user.to_document()? });
            let replaced = replace.await.map_err(|error| name_taken(error.into()))?;
            if replaced.matched_count == 0 {
                let by_id = doc! { "_id": user.id.as_str() };
                return Err(not_updated(users.find_one(by_id).await?.is_some()));
            }
            Ok(user)
        })
        .await
    }

    async fn following(&self, after: Option<&UserId>, limit: u16) -> Result<Vec<User>> {
        let users = self.collection(USERS);
        let after = after.map_or("", UserId::as_str);
        self.read("list users", async {
            let following = users.find(doc! { "_id": { "$gt": after } });
            let page = following.sort(doc! { "_id": 1 }).limit(limit.into());
            query::all(page.await?).await
        })
        .await
    }
}

impl MongoStore {
    /// Adds `user` as the administrator if there is no account at all. That there is one first
    /// account, whoever else tries at this moment, is held by the index on the field `first`: the
    /// account and its being the first are one document, and come to be together.
    async fn add_first(&self, user: &User) -> Result<Option<User>, Fault> {
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

fn not_updated(exists: bool) -> Fault {
    if exists {
        Fault::refused(
            ErrorKind::Conflict,
            "could not update the user because it was changed since it was read; read it again",
        )
    } else {
        Fault::refused(
            ErrorKind::NotFound,
            "could not update the user because there is none with this id",
        )
    }
}
