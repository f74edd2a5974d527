//! What the ports of the Issue Explainer are plugged into.

pub mod sources;
