//! The suite of [`Vault`].

use super::{Case, Verdict};
use crate::{
    ErrorKind, Result, cases,
    domain::{ExposeSecret, Sealed, SecretString},
    ensure,
    ports::Vault,
};

/// Two vaults of one kind.
#[derive(Debug)]
pub struct Vaults {
    /// The vault held to its promises.
    pub vault: Box<dyn Vault>,
    /// One with another key.
    pub foreign: Box<dyn Vault>,
    /// One with that other key, to which the first vault's is a former one.
    pub successor: Box<dyn Vault>,
}

/// Every promise of [`Vault`].
pub const CASES: &[Case<Vaults>] = cases![Vaults;
    "a sealed secret opens to itself" => a_sealed_secret_opens_to_itself,
    "the same secret seals to another text each time" =>
        the_same_secret_seals_to_another_text_each_time,
    "a sealed secret does not contain the secret" => a_sealed_secret_does_not_contain_the_secret,
    "a changed seal does not open" => a_changed_seal_does_not_open,
    "the seal of another key does not open and the error says what to do" =>
        the_seal_of_another_key_does_not_open_and_the_error_says_what_to_do,
    "the seal of a former key opens and is not current" =>
        the_seal_of_a_former_key_opens_and_is_not_current,
];

async fn a_sealed_secret_opens_to_itself(Vaults { vault, .. }: &Vaults) -> Verdict {
    let long = "x".repeat(100_000);
    for secret in [
        "sk-secret",
        "",
        "pässwörd \u{1F980}",
        "with\0nul",
        "a.b.c",
        &long,
    ] {
        let opened = vault.open(&vault.seal(&SecretString::from(secret))?)?;
        ensure!(
            opened.expose_secret() == secret,
            "a secret of {} bytes changed",
            secret.len()
        );
    }
    Ok(())
}

async fn the_same_secret_seals_to_another_text_each_time(Vaults { vault, .. }: &Vaults) -> Verdict {
    let secret = SecretString::from("sk-secret");
    let (one, other) = (vault.seal(&secret)?, vault.seal(&secret)?);
    ensure!(one != other, "it is {} twice", one.0);
    Ok(())
}

async fn a_sealed_secret_does_not_contain_the_secret(Vaults { vault, .. }: &Vaults) -> Verdict {
    let sealed = vault.seal(&SecretString::from("sk-secret"))?;
    ensure!(!sealed.0.contains("secret"), "{}", sealed.0);
    Ok(())
}

async fn a_changed_seal_does_not_open(Vaults { vault, .. }: &Vaults) -> Verdict {
    let sealed = vault.seal(&SecretString::from("sk-secret"))?.0;
    for (place, letter) in sealed.char_indices() {
        let other = if letter == 'A' { "B" } else { "A" };
        let mut changed = sealed.clone();
        changed.replace_range(place..place + letter.len_utf8(), other);
        let (cut, _) = sealed.split_at(place);
        for hostile in [changed, cut.to_owned(), format!("{cut}.{sealed}")] {
            let opened = vault.open(&Sealed(hostile.clone()));
            ensure!(is(&opened, ErrorKind::Invalid), "{hostile} opened");
        }
    }
    Ok(())
}

async fn the_seal_of_another_key_does_not_open_and_the_error_says_what_to_do(
    Vaults { vault, foreign, .. }: &Vaults,
) -> Verdict {
    let sealed = foreign.seal(&SecretString::from("sk-secret"))?;
    let Err(error) = vault.open(&sealed) else {
        return Err(super::Stop::Failed("it opened".to_owned()));
    };
    ensure!(error.kind() == ErrorKind::Invalid, "{error:?}");
    ensure!(error.message().contains("another key; "), "{error}");
    Ok(())
}

async fn the_seal_of_a_former_key_opens_and_is_not_current(vaults: &Vaults) -> Verdict {
    let secret = SecretString::from("sk-secret");
    let former = vaults.vault.seal(&secret)?;
    let opened = vaults.successor.open(&former)?;
    ensure!(opened.expose_secret() == "sk-secret", "it changed");
    ensure!(!vaults.successor.is_current(&former), "it is current");
    let again = vaults.successor.seal(&secret)?;
    ensure!(
        vaults.successor.is_current(&again),
        "{again:?} is not current"
    );
    ensure!(
        vaults.foreign.open(&again).is_ok(),
        "it is under a former key"
    );
    ensure!(
        is(&vaults.vault.open(&again), ErrorKind::Invalid),
        "it is under a former key"
    );
    Ok(())
}

fn is<T>(outcome: &Result<T>, kind: ErrorKind) -> bool {
    outcome.as_ref().is_err_and(|error| error.kind() == kind)
}
