//! Making test events of their templates and sending them.

use std::error::Error;

use explainer_adapters::outbound::Target;
use explainer_core::services::Caller;
use sentry::{
    Level, User,
    protocol::{Event, Mechanism},
    types::{Dsn, random_uuid},
};

use super::{Monitor, address, read, stacks, transport::Delivery, watch};
use crate::telemetry::test_events::{NotTaken, TEMPLATES, Template, Told, Wanted, Whose};

impl Monitor {
    /// Raises an error as a defect would, and tells of it; gives back what it is found by.
    pub(crate) fn test_error(&self) -> Option<String> {
        let template = TEMPLATES.iter().find(|it| it.kind == "error")?;
        self.is_on().then(|| {
            let id = watch::hub().capture_event(template.event());
            id.simple().to_string()
        })
    }

    /// Tells a message; gives back what it is found by.
    pub(crate) fn test_message(&self, text: &str) -> Option<String> {
        self.is_on().then(|| {
            let id = watch::hub().capture_message(text, Level::Info);
            id.simple().to_string()
        })
    }

    /// Sends `count` test events to the server that `dsn` names, and says what it took.
    pub(crate) async fn send_test_events(
        &self,
        dsn: &str,
        whose: Whose,
        caller: &Caller,
        wanted: Wanted,
        count: usize,
    ) -> Result<Vec<Told>, NotTaken> {
        let dsn = read(dsn).map_err(|why| NotTaken::BadDsn(why.to_owned()))?;
        let target = target(&dsn, whose).map_err(NotTaken::BadDsn)?;
        let delivery = Delivery::to(dsn, &target)?;
        let mut told = Vec::new();
        for _ in 0..count {
            let template = any(wanted);
            let mut event = template.event();
            name(&mut event, caller);
            // Only an event processor drops events, and there is none.
            let Some(event) = self.client.prepare_event(event, None) else {
                continue;
            };
            let event_id = event.event_id.simple().to_string();
            delivery.deliver(event.into()).await?;
            told.push(Told {
                event_id,
                kind: template.kind,
                error_type: template.raise.map(|_| template.name.to_owned()),
                message: template.message.to_owned(),
                context: template.context.iter().copied().collect(),
            });
        }
        Ok(told)
    }
}

/// Whom the events are sent to, if that may be.
fn target(dsn: &Dsn, whose: Whose) -> Result<Target, String> {
    let target = match whose {
        Whose::Application => Target::of_operator(&address(dsn)),
        Whose::Workspace { private_networks } => Target::of_user(&address(dsn), private_networks),
    };
    target.map_err(|why| why.to_string())
}

/// Says who had the event sent.
fn name(event: &mut Event<'static>, caller: &Caller) {
    let user = caller.user();
    event.user = Some(User {
        id: Some(user.id.to_string()),
        username: Some(user.username.clone()),
        ..User::default()
    });
    if let Some(workspace) = &user.workspace_id {
        let tag = ("workspace".to_owned(), workspace.to_string());
        event.tags.extend([tag]);
    }
}

/// One of the wanted kind, by chance.
fn any(wanted: Wanted) -> &'static Template {
    let kind = match wanted {
        Wanted::Error => "error",
        Wanted::Warning => "warning",
        Wanted::Info => "info",
        Wanted::Any => "",
    };
    let fit: Vec<_> = TEMPLATES
        .iter()
        .filter(|it| kind.is_empty() || it.kind == kind)
        .collect();
    let chance = usize::from(random_uuid().as_bytes()[0]);
    fit[chance % fit.len()]
}

impl Template {
    /// The event: of an error, what was raised, where, and everything that led to it.
    fn event(&self) -> Event<'static> {
        let raised = self.raise.and_then(|raise| {
            let error = raise().err()?;
            Some((error, stacks::here()))
        });
        let mut event = match raised {
            Some((error, stack)) => of_error(&error, stack),
            None => Event {
                message: Some(self.message.to_owned()),
                level: if self.kind == "warning" {
                    Level::Warning
                } else {
                    Level::Info
                },
                ..Event::default()
            },
        };
        let tag = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        event.tags.extend(self.context.iter().map(tag));
        event
            .tags
            .insert("test_event".to_owned(), "true".to_owned());
        event
    }
}

fn of_error(error: &dyn Error, stack: Option<sentry::protocol::Stacktrace>) -> Event<'static> {
    let mut event = sentry::event_from_error(error);
    if let Some(outermost) = event.exception.values.last_mut() {
        outermost.stacktrace = stack;
        outermost.mechanism = Some(Mechanism {
            ty: "generic".to_owned(),
            handled: Some(true),
            ..Mechanism::default()
        });
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_raised_and_has_a_cause_and_a_stack() {
        for template in TEMPLATES.iter().filter(|it| it.kind == "error") {
            let event = template.event();
            let exceptions = &event.exception.values;
            assert_eq!(exceptions.len(), 2, "{}", template.name);
            let raised = exceptions.last().unwrap();
            assert_eq!(raised.ty, template.name);
            assert_eq!(raised.value.as_deref(), Some(template.message));
            assert!(!raised.stacktrace.as_ref().unwrap().frames.is_empty());
        }
    }

    #[test]
    fn each_kind_can_be_had() {
        for (wanted, kind) in [
            (Wanted::Error, "error"),
            (Wanted::Warning, "warning"),
            (Wanted::Info, "info"),
        ] {
            assert_eq!(any(wanted).kind, kind);
        }
    }
}
