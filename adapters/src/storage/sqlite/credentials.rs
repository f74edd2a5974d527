//! Logins and the tokens of scripts.

use async_trait::async_trait;
use explainer_core::{
    ErrorKind, Result,
    domain::{AccessToken, Session, Timestamp, TokenId, UserId},
    ports::{AccessTokens, Rotation, Sessions},
};
use rusqlite::{Connection, params};

use super::{
    SqliteStore,
    fault::Fault,
    statement::{encode, statements},
};

/// How many sessions of one account are kept.
const MOST: u16 = 100;

statements! {
    SESSION = "SELECT doc FROM sessions WHERE id = ?1";
    ADD_SESSION = "INSERT INTO sessions (id, user_id, created_at, expires_at, doc)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
    RENEW = "UPDATE sessions SET expires_at = ?2, doc = ?3 WHERE id = ?1";
    END = "DELETE FROM sessions WHERE id = ?1";
    FORGET_SESSIONS = "DELETE FROM sessions WHERE expires_at <= ?1";
    OLDEST = "SELECT doc FROM sessions WHERE user_id = ?1
              ORDER BY created_at DESC, id DESC LIMIT -1 OFFSET ?2";
    ADD_TOKEN = "INSERT INTO access_tokens (id, user_id, secret_hash, created_at, expires_at, doc)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    TOKEN = "SELECT doc FROM access_tokens WHERE secret_hash = ?1";
    TOKENS = "SELECT doc FROM access_tokens WHERE user_id = ?1 ORDER BY created_at, id";
    DELETE_TOKEN = "DELETE FROM access_tokens WHERE id = ?1 AND user_id = ?2";
    FORGET_TOKENS = "DELETE FROM access_tokens WHERE expires_at <= ?1";
}

#[async_trait]
impl Sessions for SqliteStore {
    async fn insert(&self, session: &Session, now: Timestamp) -> Result<()> {
        let session = session.clone();
        self.database
            .write("insert session", move |connection| {
                let row = params![
                    session.id.as_str(),
                    session.user_id.as_str(),
                    session.created_at.as_millisecond(),
                    session.expires_at.as_millisecond(),
                    encode(&session)?,
                ];
                ADD_SESSION.run(connection, row)?;
                FORGET_SESSIONS.run(connection, [now.as_millisecond()])?;
                let beyond = params![session.user_id.as_str(), MOST];
                for oldest in OLDEST.documents::<Session>(connection, beyond)? {
                    END.run(connection, [oldest.id.as_str()])?;
                }
                Ok(())
            })
            .await
    }

    async fn rotate(
        &self,
        id: &TokenId,
        from: &str,
        to: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Rotation> {
        let (id, from, to) = (id.clone(), from.to_owned(), to.to_owned());
        self.database
            .write("rotate session", move |connection| {
                let found: Option<Session> = SESSION.document(connection, [id.as_str()])?;
                let Some(mut session) = found.filter(|it| it.expires_at > now) else {
                    return Ok(Rotation::Unknown);
                };
                if session.secret_hash != from {
                    END.run(connection, [id.as_str()])?;
                    return Ok(Rotation::Reused(session));
                }
                session.secret_hash = to;
                session.expires_at = expires_at;
                let row = params![id.as_str(), expires_at.as_millisecond(), encode(&session)?];
                RENEW.run(connection, row)?;
                Ok(Rotation::Renewed(session))
            })
            .await
    }

    async fn end(&self, id: &TokenId) -> Result<Option<Session>> {
        let id = id.clone();
        self.database
            .write("end session", move |connection| {
                let session = SESSION.document(connection, [id.as_str()])?;
                END.run(connection, [id.as_str()])?;
                Ok(session)
            })
            .await
    }
}

/// Adds a token unless its id or its hash is taken.
pub(super) fn add(connection: &Connection, token: &AccessToken) -> Result<(), Fault> {
    let row = params![
        token.id.as_str(),
        token.user_id.as_str(),
        token.secret_hash,
        token.created_at.as_millisecond(),
        token.expires_at.as_millisecond(),
        encode(token)?,
    ];
    if ADD_TOKEN.run(connection, row)? == 0 {
        return Err(Fault::refused(
            ErrorKind::Conflict,
            "could not add the token because its id is taken; use a new one",
        ));
    }
    Ok(())
}

#[async_trait]
impl AccessTokens for SqliteStore {
    async fn insert(&self, token: &AccessToken, now: Timestamp) -> Result<()> {
        let token = token.clone();
        self.database
            .write("insert access token", move |connection| {
                add(connection, &token)?;
                FORGET_TOKENS.run(connection, [now.as_millisecond()])?;
                Ok(())
            })
            .await
    }

    async fn find(&self, secret_hash: &str) -> Result<Option<AccessToken>> {
        self.database
            .find("find access token", |connection| {
                TOKEN.document(connection, [secret_hash])
            })
            .await
    }

    async fn of_user(&self, user: &UserId) -> Result<Vec<AccessToken>> {
        let user = user.clone();
        self.database
            .read("list access tokens", move |connection| {
                TOKENS.documents(connection, [user.as_str()])
            })
            .await
    }

    async fn delete(&self, user: &UserId, id: &TokenId) -> Result<bool> {
        let (user, id) = (user.clone(), id.clone());
        self.database
            .write("delete access token", move |connection| {
                let own = params![id.as_str(), user.as_str()];
                Ok(DELETE_TOKEN.run(connection, own)? > 0)
            })
            .await
    }
}
