//! The settings on models: what may be sent to them, and what may be spent on them.

use explainer_core::domain::{self, DataClass, DataPolicy};
use poem_openapi::{Enum, Object};
use serde::Serialize;

/// Whether each class of data may go.
#[derive(Debug, Object, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one switch for each class, as people configure it"
)]
pub(super) struct DataClasses {
    /// Local variables of frames.
    locals: bool,
    /// Body, cookies and form data of the request.
    request_body: bool,
    /// Headers of the request.
    headers: bool,
    /// What is known of the user.
    user: bool,
    /// Values attached to breadcrumbs.
    breadcrumb_data: bool,
}

/// Whether each class of data may go; what is left out stays.
#[derive(Debug, Default, Object)]
pub(super) struct DataClassesUpdate {
    /// Local variables of frames.
    #[oai(nullable)]
    locals: Option<bool>,
    /// Body, cookies and form data of the request.
    #[oai(nullable)]
    request_body: Option<bool>,
    /// Headers of the request.
    #[oai(nullable)]
    headers: Option<bool>,
    /// What is known of the user.
    #[oai(nullable)]
    user: Option<bool>,
    /// Values attached to breadcrumbs.
    #[oai(nullable)]
    breadcrumb_data: Option<bool>,
}

/// What happens when a day's money is spent.
#[derive(Debug, Clone, Copy, Enum)]
#[oai(rename_all = "lowercase")]
pub(super) enum WhenSpent {
    /// Requests are refused until the day is over.
    Refuse,
    /// Only models that run here are asked.
    Local,
}

impl From<DataPolicy> for DataClasses {
    fn from(policy: DataPolicy) -> Self {
        Self {
            locals: policy.locals,
            request_body: policy.request_body,
            headers: policy.headers,
            user: policy.user,
            breadcrumb_data: policy.breadcrumb_data,
        }
    }
}

impl From<WhenSpent> for domain::WhenSpent {
    fn from(then: WhenSpent) -> Self {
        match then {
            WhenSpent::Refuse => Self::Refuse,
            WhenSpent::Local => Self::Local,
        }
    }
}

impl DataClassesUpdate {
    /// What was sent, class by class.
    pub(super) fn changes(self) -> Vec<(DataClass, bool)> {
        let sent = [
            (DataClass::Locals, self.locals),
            (DataClass::RequestBody, self.request_body),
            (DataClass::Headers, self.headers),
            (DataClass::User, self.user),
            (DataClass::BreadcrumbData, self.breadcrumb_data),
        ];
        let sent = sent.into_iter();
        sent.filter_map(|(class, may_go)| Some((class, may_go?)))
            .collect()
    }
}
