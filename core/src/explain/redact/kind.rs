//! The kinds of things that are taken out, and the words their placeholders are made of.

/// What kind of thing a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// `<email-1>`
    Email,
    /// `<ip-1>`: version 4 and 6.
    Ip,
    /// `<card-1>`
    Card,
    /// `<iban-1>`
    Iban,
    /// `<ssn-1>`
    Ssn,
    /// `<phone-1>`
    Phone,
    /// `<token-1>`: what is shown to get in: JWTs, bearer values, session ids, signatures.
    Token,
    /// `<key-1>`: what tokens are made with: API keys, private keys, client secrets.
    Key,
    /// `<password-1>`
    Password,
    /// `<user-1>`
    User,
    /// `<cookie-1>`
    Cookie,
    /// `<text-1>`: no secret, but text that reads like one of our placeholders.
    Text,
}

impl Kind {
    /// Every kind, in the order of their discriminants.
    pub(super) const ALL: [Self; 12] = [
        Self::Email,
        Self::Ip,
        Self::Card,
        Self::Iban,
        Self::Ssn,
        Self::Phone,
        Self::Token,
        Self::Key,
        Self::Password,
        Self::User,
        Self::Cookie,
        Self::Text,
    ];

    /// Whether it lets somebody in or pays, and does not only say who somebody is.
    pub(super) fn is_secret(self) -> bool {
        match self {
            Self::Card
            | Self::Iban
            | Self::Ssn
            | Self::Token
            | Self::Key
            | Self::Password
            | Self::Cookie => true,
            Self::Email | Self::Ip | Self::Phone | Self::User | Self::Text => false,
        }
    }

    /// The word in the placeholder.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Ip => "ip",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Ssn => "ssn",
            Self::Phone => "phone",
            Self::Token => "token",
            Self::Key => "key",
            Self::Password => "password",
            Self::User => "user",
            Self::Cookie => "cookie",
            Self::Text => "text",
        }
    }
}
