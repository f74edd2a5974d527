//! Reading a webhook delivery: its headers, and whether it is signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{Delivery, Error, Secret};

impl Delivery {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value.trim())
    }

    /// Refuses a delivery whose `header` does not bear the HMAC-SHA256 of the body under `secret`
    /// in hex, with or without `sha256=` before it, as most trackers sign.
    ///
    /// ```
    /// use explainer_plugin_sdk::{Delivery, Secret};
    ///
    /// let mut delivery = Delivery { body: b"{}".to_vec(), ..Delivery::default() };
    /// let secret = Secret::from("of the workspace");
    /// assert!(delivery.verify(&secret, "x-signature").is_err());
    /// let signature = "sha256=c90680b68ddeaf8866e17d6c39b7c2ab224b0cf8e3372953938d0d30c760eb44";
    /// delivery.headers.push(("X-Signature".to_owned(), signature.to_owned()));
    /// assert!(delivery.verify(&secret, "x-signature").is_ok());
    /// ```
    pub fn verify(&self, secret: &Secret, header: &str) -> Result<(), Error> {
        let refused =
            |why: &str| Error::unauthenticated(format!("could not take the webhook because {why}"));
        if secret.expose().is_empty() {
            return Err(refused(
                "the workspace has no secret for it; set the one that the tracker signs with",
            ));
        }
        let signature = self
            .header(header)
            .ok_or_else(|| refused(&format!("it bears no {header}")))?;
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
            .map_err(|_| refused("the secret is of a length that no key has"))?;
        mac.update(&self.body);
        let hex = signature.strip_prefix("sha256=").unwrap_or(signature);
        // Compared in constant time.
        from_hex(hex)
            .and_then(|tag| mac.verify_slice(&tag).ok())
            .ok_or_else(|| {
                refused("its signature is wrong; set the secret that the tracker signs with")
            })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    // Of RFC 4231, test case 2.
    const KEY: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const TAG: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    fn delivery(signature: Option<&str>, body: &[u8]) -> Delivery {
        let header = |it: &str| ("X-Hub-Signature-256".to_owned(), it.to_owned());
        Delivery {
            headers: signature.map(header).into_iter().collect(),
            body: body.to_vec(),
        }
    }

    #[test]
    fn only_what_is_signed_is_taken() {
        let verified = |signature: Option<&str>, body: &[u8], secret: &str| {
            delivery(signature, body).verify(&Secret::from(secret), "x-hub-signature-256")
        };
        let prefixed = format!("sha256={TAG}");
        let upper = TAG.to_uppercase();
        for right in [TAG, &prefixed, &upper] {
            assert_eq!(verified(Some(right), BODY, KEY), Ok(()), "{right}");
        }
        let (short, long, accented) = (&TAG[..62], format!("{TAG}00"), "é".repeat(32));
        for (signature, body, secret) in [
            (None, BODY, KEY),
            (Some(TAG), BODY, "another"),
            (Some(TAG), BODY, ""),
            (Some(TAG), b"other".as_slice(), KEY),
            (Some(""), BODY, KEY),
            (Some(short), BODY, KEY),
            (Some(&long), BODY, KEY),
            (Some(&accented), BODY, KEY),
        ] {
            let refused = verified(signature, body, secret).unwrap_err();
            assert_eq!(refused.code, Code::Unauthenticated, "{signature:?}");
        }
    }
}
