//! The audit log: who changed what, when and from where.

use crate::{
    domain::{AuditEntry, AuditId, User, WorkspaceId},
    services::{Access, Caller, Failure, Origin, Ports, new_id},
};

/// Reading the audit log.
#[derive(Debug)]
pub struct Audit {
    ports: Ports,
}

impl Audit {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// The newest entries, or those before the one with this id.
    pub async fn list(
        &self,
        caller: &Caller,
        before: Option<&str>,
        limit: u16,
    ) -> Result<Vec<AuditEntry>, Failure> {
        caller.require_administrator()?;
        let before: Option<AuditId> = before.map(str::parse).transpose().map_err(|_| {
            let message = "must be the `next_cursor` of a page before".to_owned();
            Failure::Invalid {
                field: "cursor",
                message,
            }
        })?;
        Ok(self.ports.audit.newest(before.as_ref(), limit).await?)
    }
}

impl Ports {
    /// Writes down what the caller changed outside any workspace.
    pub(super) async fn note(&self, caller: &Caller, action: &str, target: &str) {
        self.write_down(caller.user(), caller.origin(), action, target, None)
            .await;
    }

    /// Writes down what the caller changed in a workspace.
    pub(super) async fn note_in(&self, of: &Access, action: &str, target: &str) {
        let caller = of.caller();
        let workspace = Some(of.id.clone());
        self.write_down(caller.user(), caller.origin(), action, target, workspace)
            .await;
    }

    /// The change has been made and stands; one that cannot be written down is at least logged.
    pub(super) async fn write_down(
        &self,
        who: &User,
        from: &Origin,
        action: &str,
        target: &str,
        workspace_id: Option<WorkspaceId>,
    ) {
        let now = self.clock.now();
        let written = async {
            let entry = AuditEntry {
                id: new_id(&*self.ids)?,
                at: now,
                user_id: who.id.clone(),
                username: who.username.clone(),
                address: from.address,
                action: action.to_owned(),
                target: target.to_owned(),
                workspace_id,
                expires_at: now + self.audit_for,
            };
            Ok::<_, Failure>(self.audit.append(&entry, now).await?)
        };
        if let Err(error) = written.await {
            tracing::error!(?error, user = %who.id, action, target, "a change is missing in the audit log");
        }
    }
}
