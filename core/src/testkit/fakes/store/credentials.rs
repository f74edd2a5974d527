//! Logins and the tokens of scripts, in memory.

use async_trait::async_trait;

use super::{MemoryStore, refused};
use crate::{
    ErrorKind, Result,
    domain::{AccessToken, Session, Timestamp, TokenId, UserId},
    ports::{AccessTokens, Rotation, Sessions},
};

/// How many sessions of one account are kept.
const MOST: usize = 100;

#[async_trait]
impl Sessions for MemoryStore {
    async fn insert(&self, session: &Session, now: Timestamp) -> Result<()> {
        let sessions = &mut self.state().sessions;
        sessions.insert(session.id.clone(), session.clone());
        sessions.retain(|_, session| session.expires_at > now);
        let own = sessions.values().filter(|it| it.user_id == session.user_id);
        let mut own: Vec<_> = own.map(|it| (it.created_at, it.id.clone())).collect();
        own.sort();
        for (_, oldest) in own.iter().rev().skip(MOST) {
            sessions.remove(oldest);
        }
        Ok(())
    }

    async fn rotate(
        &self,
        id: &TokenId,
        from: &str,
        to: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Rotation> {
        let sessions = &mut self.state().sessions;
        let Some(session) = sessions.get_mut(id).filter(|it| it.expires_at > now) else {
            return Ok(Rotation::Unknown);
        };
        if session.secret_hash == from {
            to.clone_into(&mut session.secret_hash);
            session.expires_at = expires_at;
            return Ok(Rotation::Renewed(session.clone()));
        }
        let ended = sessions.remove(id);
        Ok(ended.map_or(Rotation::Unknown, Rotation::Reused))
    }

    async fn end(&self, id: &TokenId) -> Result<Option<Session>> {
        Ok(self.state().sessions.remove(id))
    }
}

#[async_trait]
impl AccessTokens for MemoryStore {
    async fn insert(&self, token: &AccessToken, now: Timestamp) -> Result<()> {
        let tokens = &mut self.state().access_tokens;
        let same = |it: &AccessToken| it.id == token.id || it.secret_hash == token.secret_hash;
        if tokens.values().any(same) {
            return Err(refused(
                ErrorKind::Conflict,
                "insert access token",
                "could not add the token because its id is taken; use a new one",
            ));
        }
        tokens.insert(token.id.clone(), token.clone());
        tokens.retain(|_, token| token.expires_at > now);
        Ok(())
    }

    async fn find(&self, secret_hash: &str) -> Result<Option<AccessToken>> {
        let state = self.state();
        let mut tokens = state.access_tokens.values();
        Ok(tokens.find(|it| it.secret_hash == secret_hash).cloned())
    }

    async fn of_user(&self, user: &UserId) -> Result<Vec<AccessToken>> {
        let state = self.state();
        let tokens = state.access_tokens.values();
        let mut own: Vec<_> = tokens.filter(|it| it.user_id == *user).cloned().collect();
        own.sort_by_key(|it| (it.created_at, it.id.clone()));
        Ok(own)
    }

    async fn delete(&self, user: &UserId, id: &TokenId) -> Result<bool> {
        let tokens = &mut self.state().access_tokens;
        let own = tokens.get(id).is_some_and(|it| it.user_id == *user);
        if own {
            tokens.remove(id);
        }
        Ok(own)
    }
}
