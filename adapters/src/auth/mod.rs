//! Who is calling: tokens of our own, the passwords they are given out for, and tokens of an outside
//! identity provider.

mod jwt;
#[cfg(feature = "auth-oidc")]
mod oidc;
mod passwords;

pub use jwt::{JwtAuth, JwtConfig};
#[cfg(feature = "auth-oidc")]
pub use oidc::{OidcConfig, OidcVerifier};
pub use passwords::Argon2Passwords;
