//! Who is calling: tokens of our own, and the passwords they are given out for.

mod jwt;
mod passwords;

pub use jwt::{JwtAuth, JwtConfig};
pub use passwords::Argon2Passwords;
