//! Accounts.

use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::{Role, Timestamp, User, UserId, login_key},
    ports::Users,
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore,
    fault::Fault,
    statement::{Sql, encode, statements},
};

statements! {
    GET = "SELECT doc FROM users WHERE id = ?1";
    BY_USERNAME = "SELECT doc FROM users WHERE username_key = ?1";
    BY_EMAIL = "SELECT doc FROM users WHERE email_key = ?1";
    LIST = "SELECT doc FROM users WHERE id > ?1 ORDER BY id LIMIT ?2";
    ANY = "SELECT 1 FROM users LIMIT 1";
    USERNAME_TAKEN = "SELECT 1 FROM users WHERE username_key = ?1 AND id <> ?2";
    EMAIL_TAKEN = "SELECT 1 FROM users WHERE email_key = ?1 AND id <> ?2";
    INSERT = "INSERT INTO users (id, username_key, email_key, doc) VALUES (?1, ?2, ?3, ?4)";
    UPDATE = "UPDATE users SET username_key = ?2, email_key = ?3, doc = ?4 WHERE id = ?1";
}

#[async_trait]
impl Users for SqliteStore {
    async fn get(&self, id: &UserId) -> Result<Option<User>> {
        self.database
            .find("get user", |connection| {
                GET.document(connection, [id.as_str()])
            })
            .await
    }

    async fn find_login(&self, login: &str) -> Result<Option<User>> {
        let key = login_key(login);
        self.database
            .find("find login", |connection| {
                match BY_USERNAME.document(connection, [&key])? {
                    Some(user) => Ok(Some(user)),
                    None => BY_EMAIL.document(connection, [&key]),
                }
            })
            .await
    }

    async fn insert(&self, mut user: User) -> Result<User> {
        self.database
            .write("insert user", move |connection| {
                if !ANY.finds(connection, [])? {
                    user.role = Role::Admin;
                }
                if GET.finds(connection, [user.id.as_str()])? {
                    return Err(Fault::refused(
                        ErrorKind::Conflict,
                        "could not add the user because its id is taken; use a new one",
                    ));
                }
                store(INSERT, connection, &user)?;
                Ok(user)
            })
            .await
    }

    async fn insert_first(&self, mut user: User) -> Result<Option<User>> {
        self.database
            .write("insert first user", move |connection| {
                if ANY.finds(connection, [])? {
                    return Ok(None);
                }
                user.role = Role::Admin;
                store(INSERT, connection, &user)?;
                Ok(Some(user))
            })
            .await
    }

    async fn update(&self, mut user: User, read_at: Timestamp) -> Result<User> {
        user.succeed(read_at);
        self.database
            .write("update user", move |connection| {
                let stored: Option<User> = GET.document(connection, [user.id.as_str()])?;
                let stored = stored.ok_or_else(|| {
                    Fault::refused(
                        ErrorKind::NotFound,
                        "could not update the user because there is none with this id",
                    )
                })?;
                if stored.updated_at != read_at {
                    return Err(Fault::refused(
                        ErrorKind::Conflict,
                        "could not update the user because it was changed since it was read; \
                         read it again",
                    ));
                }
                store(UPDATE, connection, &user)?;
                Ok(user)
            })
            .await
    }

    async fn following(&self, after: Option<&UserId>, limit: u16) -> Result<Vec<User>> {
        let after = after.map_or_else(String::new, ToString::to_string);
        self.database
            .read("list users", move |connection| {
                LIST.documents(connection, params![after, limit])
            })
            .await
    }
}

/// Adds a user as it is, whoever was there before.
pub(super) fn add(connection: &Connection, user: &User) -> Result<(), Fault> {
    store(INSERT, connection, user)
}

/// Writes `user` if nobody else has its names.
fn store(statement: Sql, connection: &Connection, user: &User) -> Result<(), Fault> {
    let username = login_key(&user.username);
    let email = login_key(&user.email);
    let id = user.id.as_str();
    for (what, taken, key) in [
        ("username", USERNAME_TAKEN, &username),
        ("email", EMAIL_TAKEN, &email),
    ] {
        if taken.finds(connection, params![key, id])? {
            return Err(Fault::refused(
                ErrorKind::Conflict,
                format!("{what} is taken by another account; choose another"),
            ));
        }
    }
    statement.run(connection, params![id, username, email, encode(user)?])?;
    Ok(())
}
