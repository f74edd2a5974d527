//! Changing the key that stored secrets are encrypted with. The operator does it, on the command line.

use crate::{
    domain::{Sealed, Workspace, WorkspaceId},
    services::{Failure, Ports},
};

/// How many workspaces are read at a time.
const PAGE: u16 = 100;

/// What is kept encrypted.
#[derive(Debug)]
pub struct Secrets {
    ports: Ports,
}

impl Secrets {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Seals everything anew that was sealed with a former key, and tells how many secrets that
    /// were. The service may run meanwhile, and a run that was cut short is simply run again.
    pub async fn rotate(&self) -> Result<usize, Failure> {
        let (mut rotated, mut after) = (0, None::<WorkspaceId>);
        loop {
            let page = self
                .ports
                .workspaces
                .of_installation(after.as_ref(), PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(rotated);
            };
            after = Some(last.id.clone());
            for mut workspace in page {
                let former = self.former(&mut workspace).count();
                if former > 0 {
                    let change = |workspace: &mut Workspace| self.seal_anew(workspace);
                    self.ports.change_workspace(&workspace.id, change).await?;
                    rotated += former;
                }
            }
        }
    }

    fn former<'a>(&'a self, workspace: &'a mut Workspace) -> impl Iterator<Item = &'a mut Sealed> {
        let secrets = workspace.secrets_mut();
        secrets.filter(|sealed| !self.ports.vault.is_current(sealed))
    }

    fn seal_anew(&self, workspace: &mut Workspace) -> Result<(), Failure> {
        for sealed in self.former(workspace) {
            let opened = self.ports.vault.open(sealed)?;
            *sealed = self.ports.vault.seal(&opened)?;
        }
        Ok(())
    }
}
