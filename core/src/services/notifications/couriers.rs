//! Sending notifications: what is written for an analysis that ends, and what becomes of one
//! dispatch.
//!
//! Claiming in a loop, how many at once and stopping are the app's courier's.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::letter;
use crate::{
    ErrorKind, Result,
    domain::{
        Analysis, Attempt, Dispatch, DispatchState, Notification, Occasion, Outcome, Recipient,
        Webhook, WebhookId, Workspace,
    },
    ports::{PostAnswer, SignedPost},
    services::{Ports, new_id},
};

/// The target of the events that say what became of an attempt; whoever counts them listens for it.
const TOLD: &str = "explainer::notification";
/// By how much each wait is longer than the one before.
const FACTOR: u32 = 6;
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(12 * 60 * 60);
/// The longest wait that the other side may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a lease lasts beyond the time that an attempt may take.
const LEASE: Duration = Duration::from_secs(45);
/// The longest text that tells what went wrong, in characters.
const LONGEST_ERROR: usize = 300;

/// A dispatch that is to be sent now.
#[derive(Debug)]
pub struct Claimed {
    token: String,
    dispatch: Dispatch,
}

impl Claimed {
    /// What is reached on the way.
    pub fn place(&self) -> &str {
        self.dispatch.to.place()
    }
}

/// Sending notifications.
#[derive(Debug)]
pub struct Couriers {
    ports: Ports,
}

/// What came of one attempt, and what follows from it.
struct Tried {
    status: Option<u16>,
    error: Option<String>,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    Delivered,
    /// Once more, after as long as the other side asked for.
    Again(Option<Duration>),
    GiveUp,
    /// Nobody is there any more: nothing more is sent there.
    Disable,
    Cancel,
}

impl Couriers {
    pub(in crate::services) fn new(ports: Ports) -> Self {
        Self { ports }
    }

    /// Takes what has been due longest and does not go to one of these places, if there is any.
    pub async fn claim(&self, spared: &[String]) -> Result<Option<Claimed>> {
        let (token, now) = (self.ports.ids.next(), self.ports.clock.now());
        let lease = self.ports.notification_rules.patience + LEASE;
        let claimed = self.ports.outbox.claim(&token, now, lease, spared).await?;
        Ok(claimed.map(|dispatch| Claimed { token, dispatch }))
    }

    /// How long it is until something is due; `None` where nothing waits.
    pub async fn rest(&self) -> Result<Option<Duration>> {
        let due = self.ports.outbox.next_due().await?;
        let now = self.ports.clock.now();
        Ok(due.map(|due| Duration::try_from(due.duration_since(now)).unwrap_or_default()))
    }

    /// Sends it and writes down what became of it. Whoever dies in between has it sent once more.
    pub async fn carry_out(&self, claimed: Claimed) -> Result<()> {
        let Claimed { token, dispatch } = claimed;
        let workspace = self.ports.workspaces.get(&dispatch.workspace_id).await?;
        let (mut sent, then) = self.attempt(workspace.as_ref(), dispatch).await;
        let (now, rules) = (self.ports.clock.now(), &self.ports.notification_rules);
        match then {
            Then::Again(asked) if sent.attempts < rules.attempts => {
                let wait = asked.map(|asked| asked.clamp(Duration::from_secs(1), LONGEST_ASKED));
                let wait = wait.unwrap_or_else(|| wait_after(&sent, rules.first_wait));
                sent.put_off(now + wait);
            }
            then => sent.end(state(then), now, rules.keep),
        }
        if let (Then::Disable, Recipient::Webhook(id)) = (then, &sent.to) {
            self.disable(&sent, id).await;
        }
        if !self.ports.outbox.settle(&token, &sent).await? {
            tracing::info!(dispatch = %sent.id, "somebody else has sent it, or it was dropped");
        }
        Ok(())
    }

    /// Sends it once and for all; what comes back has ended.
    pub(super) async fn try_once(&self, workspace: &Workspace, mut dispatch: Dispatch) -> Dispatch {
        dispatch.begin(self.ports.clock.now(), Duration::ZERO);
        let (mut sent, then) = self.attempt(Some(workspace), dispatch).await;
        let keep = self.ports.notification_rules.keep;
        sent.end(state(then), self.ports.clock.now(), keep);
        sent
    }

    async fn attempt(
        &self,
        workspace: Option<&Workspace>,
        mut dispatch: Dispatch,
    ) -> (Dispatch, Then) {
        let at = self.ports.clock.now();
        let tried = match (workspace, &dispatch.to) {
            (None, _) => cancelled("the workspace is gone"),
            (Some(workspace), Recipient::Webhook(id)) => self.post(workspace, id, &dispatch).await,
            (Some(workspace), Recipient::Mail(to)) => self.mail(workspace, to, &dispatch).await,
        };
        let took = self.ports.clock.now().duration_since(at).as_millis();
        let milliseconds = u64::try_from(took).unwrap_or_default();
        let channel = match &dispatch.to {
            Recipient::Webhook(_) => "webhook",
            Recipient::Mail(_) => "mail",
        };
        let outcome = match tried.then {
            Then::Again(_) => "put_off",
            then => state(then).as_str(),
        };
        tracing::info!(
            target: TOLD, dispatch = %dispatch.id, kind = channel, outcome, milliseconds,
            attempt = dispatch.attempts, status = tried.status, error = tried.error,
            "notification sent"
        );
        let short = |error: String| error.chars().take(LONGEST_ERROR).collect();
        dispatch.last = Some(Attempt {
            at,
            milliseconds,
            status: tried.status,
            error: tried.error.map(short),
        });
        (dispatch, tried.then)
    }

    async fn post(&self, workspace: &Workspace, id: &WebhookId, dispatch: &Dispatch) -> Tried {
        let Some(webhook) = workspace.webhooks.iter().find(|it| it.id == *id) else {
            return cancelled("the webhook was deleted");
        };
        let is_test = dispatch.notification.occasion == Occasion::Test;
        if !webhook.enabled && !is_test {
            return cancelled("the webhook is disabled");
        }
        let Some(sender) = &self.ports.channels.webhooks else {
            return cancelled("this build has no `webhook` (feature notify-webhook)");
        };
        let secrets = match self.secrets(webhook) {
            Ok(secrets) => secrets,
            Err(error) => return failed(&error),
        };
        let post = SignedPost {
            id: dispatch.id.to_string(),
            at: self.ports.clock.now(),
            url: webhook.url.clone(),
            body: letter::payload(dispatch, self.ports.public_url.as_deref()),
            secrets,
        };
        match sender.post(&post).await {
            Ok(answer) => read(answer),
            Err(error) => failed(&error),
        }
    }

    /// What requests to it are signed with now.
    fn secrets(&self, webhook: &Webhook) -> Result<Vec<crate::domain::SecretString>> {
        let now = self.ports.clock.now();
        let former = webhook.former_secret.iter();
        let former = former.filter(|it| it.until > now).map(|it| &it.secret);
        let all = std::iter::once(&webhook.secret).chain(former);
        all.map(|sealed| self.ports.vault.open(sealed)).collect()
    }

    async fn mail(&self, workspace: &Workspace, to: &str, dispatch: &Dispatch) -> Tried {
        let Some(mailer) = &self.ports.channels.mail else {
            return cancelled("no mail server is configured; the operator sets SMTP_HOST");
        };
        if workspace.settings.notification_email.as_deref() != Some(to) {
            return cancelled("the address is no longer that of the settings");
        }
        let mail = letter::mail(dispatch, to, self.ports.public_url.as_deref());
        match mailer.send(&mail).await {
            Ok(()) => Tried {
                status: None,
                error: None,
                then: Then::Delivered,
            },
            Err(error) => failed(&error),
        }
    }

    /// The receiver is gone for good: nothing more is sent there until somebody enables it again.
    async fn disable(&self, dispatch: &Dispatch, id: &WebhookId) {
        let disable = |workspace: &mut Workspace| {
            for webhook in workspace.webhooks.iter_mut().filter(|it| it.id == *id) {
                webhook.enabled = false;
                let why = "it answered 410: it is gone for good";
                webhook.disabled_because = Some(why.to_owned());
            }
            Ok(())
        };
        let workspace = &dispatch.workspace_id;
        if let Err(error) = self.ports.change_workspace(workspace, disable).await {
            tracing::warn!(?error, webhook = %id, "could not disable a webhook that is gone");
        }
    }
}

impl Ports {
    /// What is to be told of a run that ends like this: nothing where nobody wants to hear of it.
    pub(in crate::services) fn to_tell(
        &self,
        workspace: &Workspace,
        job: &Analysis,
        outcome: &Outcome,
    ) -> Vec<Dispatch> {
        let occasion = match outcome {
            Outcome::Completed { .. } => Occasion::Completed,
            Outcome::Failed(_) => Occasion::Failed,
        };
        let wants = |it: &&Webhook| it.enabled && it.events.contains(&occasion);
        let webhooks = workspace.webhooks.iter().filter(wants);
        let webhooks = webhooks.map(|webhook| Recipient::Webhook(webhook.id.clone()));
        let address = workspace.settings.notification_email.clone();
        let mail = address.filter(|_| self.channels.mail.is_some());
        let mut recipients = webhooks.chain(mail.map(Recipient::Mail)).peekable();
        if recipients.peek().is_none() {
            return Vec::new();
        }
        let told = self.told(occasion, job, outcome);
        let dispatch = |to| {
            let id = new_id(&*self.ids).ok()?;
            Some(Dispatch::new(
                id,
                job.workspace_id.clone(),
                to,
                told.clone(),
            ))
        };
        recipients.filter_map(dispatch).collect()
    }

    fn told(&self, occasion: Occasion, job: &Analysis, outcome: &Outcome) -> Notification {
        let (issue, specification, error) = match outcome {
            Outcome::Completed {
                issue,
                specification,
                ..
            } => (&**issue, Some(specification), None),
            Outcome::Failed(error) => (&job.issue, None, Some(error.clone())),
        };
        // What is sent of these is shorter still.
        let short = |text: &str| text.chars().take(4_000).collect::<String>();
        Notification {
            occasion,
            at: self.clock.now(),
            analysis_id: job.id.clone(),
            revision: job.revision,
            issue_id: short(&job.issue.id),
            short_id: issue.short_id.as_deref().map(short),
            title: short(&issue.title),
            project: short(&issue.project.slug),
            issue_url: issue.permalink.as_deref().map(short),
            priority: specification.map(|it| it.priority),
            summary: specification.map(|it| short(&it.summary)),
            model: specification.and_then(|it| it.model.clone()),
            error,
        }
    }
}

/// What the answer of a receiver means: only 2xx is a success.
fn read(answer: PostAnswer) -> Tried {
    let PostAnswer {
        status,
        retry_after,
    } = answer;
    let (error, then) = match status {
        200..=299 => (None, Then::Delivered),
        300..=399 => (
            Some("it answered a redirect, which is not followed; enter the address it leads to"),
            Then::Again(None),
        ),
        410 => (Some("it answered that it is gone for good"), Then::Disable),
        429 => (Some("it asked to wait"), Then::Again(retry_after)),
        _ => (
            Some("it did not answer with a status of 200 to 299"),
            Then::Again(retry_after),
        ),
    };
    Tried {
        status: Some(status),
        error: error.map(|error| format!("{error} (status {status})")),
        then,
    }
}

fn failed(error: &crate::Error) -> Tried {
    let then = match error.kind() {
        ErrorKind::Invalid | ErrorKind::Unsupported | ErrorKind::TooLarge => Then::GiveUp,
        _ => Then::Again(error.retry_after()),
    };
    Tried {
        status: None,
        error: Some(error.message().to_owned()),
        then,
    }
}

fn cancelled(why: &str) -> Tried {
    Tried {
        status: None,
        error: Some(why.to_owned()),
        then: Then::Cancel,
    }
}

fn state(then: Then) -> DispatchState {
    match then {
        Then::Delivered => DispatchState::Delivered,
        Then::Again(_) | Then::GiveUp | Then::Disable => DispatchState::Failed,
        Then::Cancel => DispatchState::Cancelled,
    }
}

/// How long to wait after the attempt that failed: six times as long as after the one before, and a
/// fifth more or less, so that what failed together is not tried together.
fn wait_after(dispatch: &Dispatch, first: Duration) -> Duration {
    let steps = dispatch.attempts.saturating_sub(1).min(12);
    let wait = first.saturating_mul(FACTOR.saturating_pow(steps));
    let wait = wait.min(LONGEST_WAIT);
    let seed = format!("{}/{}", dispatch.id, dispatch.attempts);
    let chance = Sha256::digest(seed)[0];
    wait * 4 / 5 + wait * u32::from(chance) * 2 / (5 * 255)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::samples::{at, id};

    #[test]
    fn eight_attempts_take_about_a_day_and_no_two_the_same_time() {
        let told = Notification {
            occasion: Occasion::Failed,
            at: at(0),
            analysis_id: id("a"),
            revision: 1,
            issue_id: String::new(),
            short_id: None,
            title: String::new(),
            project: String::new(),
            issue_url: None,
            priority: None,
            summary: None,
            model: None,
            error: None,
        };
        let day = |name: &str| {
            let to = Recipient::Webhook(id("w"));
            let mut dispatch = Dispatch::new(id(name), id("w"), to, told.clone());
            let mut waits = Vec::new();
            for _ in 1..8 {
                dispatch.begin(at(0), Duration::ZERO);
                waits.push(wait_after(&dispatch, Duration::from_secs(5)));
            }
            waits
        };
        let waits = day("one");
        let all: Duration = waits.iter().sum();
        let hours = all.as_secs() / 3600;
        assert!((19..=31).contains(&hours), "{hours} hours: {waits:?}");
        assert!(
            waits.is_sorted() && waits[0] >= Duration::from_secs(4),
            "{waits:?}"
        );
        assert_ne!(waits, day("two"));
    }

    #[test]
    fn only_success_is_success() {
        for (status, delivered) in [
            (200, true),
            (299, true),
            (302, false),
            (404, false),
            (500, false),
        ] {
            let answer = PostAnswer {
                status,
                retry_after: None,
            };
            assert_eq!(
                matches!(read(answer).then, Then::Delivered),
                delivered,
                "{status}"
            );
        }
    }
}
