//! The outside identity provider whose tokens are good here, if one is configured.

#[cfg(not(feature = "auth-oidc"))]
pub(crate) use absent::{check, outside};
#[cfg(feature = "auth-oidc")]
pub(crate) use present::{check, outside};

#[cfg(feature = "auth-oidc")]
mod present {
    use std::sync::Arc;

    use explainer_adapters::auth::{OidcConfig, OidcVerifier};
    use explainer_core::{
        Result,
        ports::{Clock, RevokedTokens},
        services::{Outside, OutsideRules},
    };

    use crate::config::{Config, grant};

    /// The provider; it is asked for its keys when somebody comes with a token of it.
    pub(crate) fn outside(
        config: &Config,
        clock: Arc<dyn Clock>,
        revoked: Arc<dyn RevokedTokens>,
    ) -> Result<Option<Arc<Outside>>> {
        let Some(configured) = oidc(config) else {
            return Ok(None);
        };
        let verifier = OidcVerifier::new(configured, clock, revoked)?;
        let oidc = &config.auth.oidc;
        let grants = oidc.workspaces.iter().filter_map(|line| grant(line));
        let rules = OutsideRules {
            admins: oidc.admins.clone(),
            grants: grants.collect(),
        };
        Ok(Some(Arc::new(Outside::new(Arc::new(verifier), rules))))
    }

    /// Asks the provider, if there is one, and gives back how many of its keys can be used.
    pub(crate) async fn check(config: &Config) -> Result<Option<usize>> {
        match oidc(config) {
            Some(configured) => Ok(Some(OidcVerifier::check(&configured).await?)),
            None => Ok(None),
        }
    }

    fn oidc(config: &Config) -> Option<OidcConfig> {
        let oidc = &config.auth.oidc;
        Some(OidcConfig {
            issuer: oidc.issuer.clone()?,
            audiences: oidc.audiences.clone(),
            algorithms: oidc.algorithms.clone(),
            groups_claim: oidc.groups_claim.clone(),
        })
    }
}

#[cfg(not(feature = "auth-oidc"))]
mod absent {
    use std::sync::Arc;

    use explainer_core::{
        Result,
        ports::{Clock, RevokedTokens},
        services::Outside,
    };

    use crate::{bootstrap::compiled_out, config::Config};

    pub(crate) fn outside(
        config: &Config,
        _: Arc<dyn Clock>,
        _: Arc<dyn RevokedTokens>,
    ) -> Result<Option<Arc<Outside>>> {
        refuse(config).map(|()| None)
    }

    pub(crate) async fn check(config: &Config) -> Result<Option<usize>> {
        refuse(config).map(|()| None)
    }

    fn refuse(config: &Config) -> Result<()> {
        match config.auth.oidc.issuer {
            None => Ok(()),
            Some(_) => Err(compiled_out("auth", "oidc", "empty auth.oidc.issuer")),
        }
    }
}
