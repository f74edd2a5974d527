//! The suite of [`Passwords`].

use std::time::{Duration, Instant};

use super::{Case, Stop, Verdict};
use crate::{ErrorKind, Result, cases, domain::SecretString, ensure, ports::Passwords};

/// Every promise of [`Passwords`].
pub const CASES: &[Case<dyn Passwords>] = cases![dyn Passwords;
    "a hashed password verifies and another does not" =>
        a_hashed_password_verifies_and_another_does_not,
    "the same password hashes to another text each time" =>
        the_same_password_hashes_to_another_text_each_time,
    "every byte of a long password counts" => every_byte_of_a_long_password_counts,
    "a password of more than 1024 bytes is invalid" =>
        a_password_of_more_than_1024_bytes_is_invalid,
    "verifying against no hash takes as long as against one and fails" =>
        verifying_against_no_hash_takes_as_long_as_against_one_and_fails,
    "a hash that cannot be read is internal, not a match" =>
        a_hash_that_cannot_be_read_is_internal_not_a_match,
    "a fresh hash is current and another is not" => a_fresh_hash_is_current_and_another_is_not,
];

async fn a_hashed_password_verifies_and_another_does_not(passwords: &dyn Passwords) -> Verdict {
    for password in ["correct horse", "pässwörd \u{1F980}", "with\0nul", " ", ""] {
        let hash = passwords.hash(secret(password)).await?;
        let same = passwords
            .verify(secret(password), Some(hash.clone()))
            .await?;
        ensure!(same, "{password:?} does not verify");
        for other in [
            format!("{password}x"),
            format!("{password} "),
            "X".to_owned(),
        ] {
            let same = passwords.verify(secret(&other), Some(hash.clone())).await?;
            ensure!(!same, "{other:?} passes for {password:?}");
        }
    }
    Ok(())
}

async fn the_same_password_hashes_to_another_text_each_time(passwords: &dyn Passwords) -> Verdict {
    let one = passwords.hash(secret("correct horse")).await?;
    let other = passwords.hash(secret("correct horse")).await?;
    ensure!(one != other, "it is {one} twice");
    ensure!(!one.contains("correct horse"), "{one} shows the password");
    Ok(())
}

async fn every_byte_of_a_long_password_counts(passwords: &dyn Passwords) -> Verdict {
    let long = "p".repeat(1024);
    let hash = passwords.hash(secret(&long)).await?;
    let same = passwords.verify(secret(&long), Some(hash.clone())).await?;
    ensure!(same, "it does not verify");
    for place in [71, 72, 255, 256, 1023] {
        let mut other = long.clone();
        other.replace_range(place..=place, "q");
        let same = passwords.verify(secret(&other), Some(hash.clone())).await?;
        ensure!(!same, "byte {place} does not count");
    }
    Ok(())
}

async fn a_password_of_more_than_1024_bytes_is_invalid(passwords: &dyn Passwords) -> Verdict {
    for bytes in [1025, 10_000_000] {
        let long = secret(&"p".repeat(bytes));
        let refused = [
            passwords.hash(long.clone()).await.map(drop),
            passwords.verify(long, None).await.map(drop),
        ];
        for refused in refused {
            ensure!(is(&refused, ErrorKind::Invalid), "{bytes}: {refused:?}");
        }
    }
    Ok(())
}

async fn verifying_against_no_hash_takes_as_long_as_against_one_and_fails(
    passwords: &dyn Passwords,
) -> Verdict {
    let hash = passwords.hash(secret("correct horse")).await?;
    let (mut known, mut unknown) = (Duration::MAX, Duration::MAX);
    let noise = Duration::from_millis(1);
    // A busy machine only ever makes one slower: the quickest of enough tries tell the truth.
    for _ in 0..50 {
        let start = Instant::now();
        let wrong = passwords
            .verify(secret("wrong"), Some(hash.clone()))
            .await?;
        known = known.min(start.elapsed());
        let start = Instant::now();
        let nobody = passwords.verify(secret("wrong"), None).await?;
        unknown = unknown.min(start.elapsed());
        ensure!(!wrong && !nobody, "a wrong password verifies");
        if unknown + noise >= known / 2 && known + noise >= unknown / 2 {
            return Ok(());
        }
    }
    let why = format!("{unknown:?} against no hash, {known:?} against one");
    Err(Stop::Failed(why))
}

async fn a_hash_that_cannot_be_read_is_internal_not_a_match(passwords: &dyn Passwords) -> Verdict {
    for hash in [
        "",
        "correct horse",
        "$",
        "$argon2id$",
        "$2b$12$abcdefghijklmnopqrstuv",
        "\0",
    ] {
        let hash = Some(hash.to_owned());
        let refused = passwords
            .verify(secret("correct horse"), hash.clone())
            .await;
        ensure!(is(&refused, ErrorKind::Internal), "{hash:?}: {refused:?}");
    }
    Ok(())
}

async fn a_fresh_hash_is_current_and_another_is_not(passwords: &dyn Passwords) -> Verdict {
    let fresh = passwords.hash(secret("correct horse")).await?;
    ensure!(passwords.is_current(&fresh), "{fresh} is not");
    for other in [
        "",
        "$",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA",
    ] {
        ensure!(!passwords.is_current(other), "{other} is");
    }
    Ok(())
}

fn secret(password: &str) -> SecretString {
    SecretString::from(password)
}

fn is<T>(outcome: &Result<T>, kind: ErrorKind) -> bool {
    outcome.as_ref().is_err_and(|error| error.kind() == kind)
}
