//! Issues explained by models, over the ports in memory: what is asked, kept, paid and told;
//! and issues that nobody asked about.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at what it did not expect"
)]

use std::{sync::Arc, time::Duration};

use explainer_core::{
    Error, ErrorKind,
    domain::{
        Analysis, CallEnd, DataClass, Event, ExposeSecret as _, Issue, ModelCall, Origin, Priority,
        Purpose, Status, WhenSpent, Workspace,
        event::{Exception, Frame},
    },
    explain::HEURISTICS,
    ports::{
        Clock as _, FinishReason, IssueSource, Ledger, LlmKind, ModelLocation, TokenUsage,
        Workspaces as _,
    },
    services::{
        self, Access, AccountRules, Caller, Channels, Failure, ModelRules, Models, NewAccount,
        NewWorkspace, NotificationRules, Ports, Price, Prices, Registration, Services, Sources,
        WorkLimits,
    },
    testkit::fakes::{
        FakeAuth, FakeLlm, FakeLlmKind, FakePasswords, FakeSource, FakeVault, FixedClock,
        MemoryStore, RecordingNotifier, SequentialIds,
    },
};
use futures::{FutureExt, executor::block_on};
use serde_json::{Value, json};

const LEASE: Duration = Duration::from_secs(30);

/// The service with two models, `one/m` and `two/m`, and somebody in a workspace.
struct House {
    services: Services,
    one: Arc<FakeLlm>,
    two: Arc<FakeLlm>,
    store: Arc<MemoryStore>,
    source: Arc<FakeSource>,
    clock: FixedClock,
    caller: Caller,
}

impl House {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut ModelRules)) -> Self {
        let one = Arc::new(FakeLlm::new("one", "m"));
        let two = Arc::new(FakeLlm::new("two", "m"));
        let kind =
            |llm: &Arc<FakeLlm>| -> Arc<dyn LlmKind> { Arc::new(FakeLlmKind::new(llm.clone())) };
        let store = Arc::new(MemoryStore::default());
        let source = Arc::new(FakeSource::new([(issue(), vec![event()])]));
        let clock = FixedClock::default();
        let vault = Arc::new(FakeVault::default());
        let price = Price {
            input: 1.0,
            cached: 0.5,
            output: 10.0,
        };
        let mut rules = ModelRules {
            chain: vec!["one".to_owned(), "two".to_owned()],
            prices: Prices([("m".to_owned(), price)].into()),
            allow_heuristics: false,
            daily_spend_limit: None,
            when_spent: WhenSpent::Refuse,
            token_budget: 4000,
            max_output_tokens: 1000,
        };
        change(&mut rules);
        let ports = Ports {
            checks: Vec::new(),
            users: store.clone(),
            workspaces: store.clone(),
            analyses: store.clone(),
            ledger: store.clone(),
            deliveries: store.clone(),
            watches: store.clone(),
            outbox: store.clone(),
            channels: Channels::default(),
            notification_rules: NotificationRules {
                attempts: 1,
                first_wait: Duration::ZERO,
                patience: Duration::ZERO,
                keep: Duration::ZERO,
            },
            idempotency: store.clone(),
            sessions: store.clone(),
            access_tokens: store.clone(),
            invitations: store.clone(),
            audit: store.clone(),
            audit_for: Duration::from_secs(60),
            public_url: None,
            outside: None,
            auth: Arc::new(FakeAuth::new("here", Arc::new(clock.clone()))),
            passwords: Arc::new(FakePasswords::default()),
            notifier: Arc::new(RecordingNotifier::default()),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(SequentialIds::default()),
            sources: Arc::new(Sources::new(
                Vec::new(),
                Some(source.clone() as Arc<dyn IssueSource>),
                vault.clone(),
            )),
            models: Arc::new(Models::new(
                vec![kind(&one), kind(&two)],
                rules,
                vault.clone(),
            )),
            vault,
        };
        let limits = WorkLimits {
            lease: LEASE,
            attempts: 3,
        };
        let accounts = AccountRules {
            registration: Registration::Open,
            session: Duration::from_secs(60),
        };
        let services = Services::new(&ports, accounts, limits);
        let caller = block_on(somebody(&services));
        Self {
            services,
            one,
            two,
            store,
            source,
            clock,
            caller,
        }
    }

    fn workspace(&self) -> Access {
        block_on(self.services.workspaces.current(&self.caller)).unwrap()
    }

    fn change(&self, change: impl FnOnce(&mut Workspace)) {
        let before = self.workspace();
        let mut after = Workspace::clone(&before);
        change(&mut after);
        block_on(self.store.update(after, before.updated_at)).unwrap();
    }

    fn request(&self, force: bool) -> Result<Analysis, Failure> {
        let requests = &self.services.analyses;
        block_on(requests.request(&self.workspace(), "1", force))
    }

    /// Asks for the issue and works until it has ended, waiting as long as it takes.
    fn analyse(&self, force: bool) -> Analysis {
        let asked = self.request(force).unwrap();
        while let Some((lease, job)) = block_on(self.services.work.claim(1)).unwrap().pop() {
            let work = &self.services.work;
            let ended = block_on(work.run(&job));
            block_on(work.settle(&lease, &job, &ended)).unwrap();
            self.clock.advance(Duration::from_secs(61));
        }
        let requests = &self.services.analyses;
        block_on(requests.get(&self.workspace(), asked.id.as_str())).unwrap()
    }

    fn calls(&self, of: &Analysis) -> Vec<ModelCall> {
        block_on(self.store.of_analysis(&of.workspace_id, &of.id)).unwrap()
    }

    /// Every call: model, purpose, end.
    fn story(&self, of: &Analysis) -> Vec<String> {
        let calls = self.calls(of);
        let told = calls.iter().map(|call| {
            let error = call.error.as_ref().map_or("", |error| &error.code);
            let (purpose, end) = (call.purpose.as_str(), call.end.as_str());
            format!("{} {purpose} {end} {error}", call.model)
                .trim()
                .to_owned()
        });
        told.collect()
    }
}

async fn somebody(services: &Services) -> Caller {
    let account = NewAccount {
        username: "ada".to_owned(),
        email: "ada@example.org".to_owned(),
        password: "correct horse".into(),
        full_name: None,
        invitation: None,
    };
    let session = services
        .accounts
        .register(account, &services::Origin::default())
        .await
        .unwrap();
    let token = session.token.token;
    let caller = || async {
        services
            .accounts
            .authenticate(token.expose_secret(), services::Origin::default())
            .await
            .unwrap()
    };
    let new = NewWorkspace {
        name: "Ours".to_owned(),
        description: None,
    };
    services
        .workspaces
        .create(&caller().await, new)
        .await
        .unwrap();
    caller().await
}

fn issue() -> Issue {
    Issue {
        id: "1".to_owned(),
        title: "KeyError: 'iban'".to_owned(),
        ..Issue::default()
    }
}

fn event() -> Event {
    let frame = Frame {
        function: Some("settle".to_owned()),
        file: Some("orders/settle.py".to_owned()),
        line: Some(42),
        in_app: Some(true),
        context: vec![(42, "iban = order['iban'] # ask ada@example.org".to_owned())],
        locals: vec![("order".to_owned(), "{'id': 991}".to_owned())],
        ..Frame::default()
    };
    Event {
        id: Some("e1".to_owned()),
        release: Some("1.0".to_owned()),
        exceptions: vec![Exception {
            kind: Some("KeyError".to_owned()),
            value: Some("'iban'".to_owned()),
            frames: vec![frame],
            ..Exception::default()
        }],
        ..Event::default()
    }
}

/// An answer as it should be.
fn good() -> Value {
    json!({
        "claims": [{
            "text": "settle() reads a key that is not there.",
            "evidence": ["E1", "F1"],
            "quotes": ["iban = order['iban']"],
        }],
        "insufficient_evidence": null,
        "summary": "Settling an order without an IBAN fails.",
        "root_cause": "settle() takes the IBAN for granted; ask <email-1>.",
        "technical_description": "orders/settle.py:42 reads it without a look.",
        "reproduction_steps": ["Settle an order without an IBAN."],
        "suggested_fix": "Check first.",
        "code_examples": null,
        "priority": "high",
        "estimated_effort": "1-2 hours",
        "affected_components": ["orders/settle.py"],
        "related_issues": [],
    })
}

fn without(field: &str) -> String {
    let mut answer = good();
    answer.as_object_mut().unwrap().remove(field);
    answer.to_string()
}

#[test]
fn an_answer_becomes_a_specification_and_every_byte_of_it_is_accounted_for() {
    let house = House::new();
    house.one.answer(good().to_string());
    house.one.use_up(TokenUsage {
        input: 1000,
        cached: 200,
        output: 100,
    });
    let analysis = house.analyse(false);
    assert_eq!(analysis.status, Status::Completed, "{:?}", analysis.error);
    let written = analysis.specification.as_deref().unwrap();
    assert_eq!(written.model.as_deref(), Some("one/m"));
    assert_eq!(written.priority, Priority::High);
    assert!(
        written.root_cause.ends_with("ask ada@example.org."),
        "{}",
        written.root_cause
    );
    assert_eq!(written.provenance.summary, Origin::Model);
    assert_eq!(written.provenance.code_examples, Origin::Missing);
    let grounding = written.grounding.as_ref().unwrap();
    assert!((grounding.score - 1.0).abs() < 0.001, "{grounding:?}");
    assert!(written.claims[0].verified);
    assert_eq!(written.culprit.as_ref().unwrap().line, Some(42));

    let calls = house.calls(&analysis);
    let [call] = calls.as_slice() else {
        panic!("{calls:?}")
    };
    assert_eq!(call.end, CallEnd::Answered);
    assert_eq!(
        call.cost,
        800 + 100 + 1000,
        "fresh, cached and output tokens"
    );
    let egress = call.egress.as_ref().unwrap();
    assert_eq!(egress.destination, "127.0.0.1");
    assert!(egress.remote);
    assert_eq!(egress.redacted["email"], 1);
    let withheld = [DataClass::Locals, DataClass::RequestBody, DataClass::User];
    assert_eq!(egress.withheld, withheld);
    let sent = &house.one.requests()[0];
    assert!(
        !sent.user.contains("991") && !sent.user.contains("ada@"),
        "{}",
        sent.user
    );
}

#[test]
fn fields_that_fail_are_asked_again_at_most_twice_and_only_those() {
    let house = House::new();
    let mut first = good();
    first["priority"] = json!("urgent");
    first["root_cause"] = json!(null);
    house.one.answer(first.to_string());
    house
        .one
        .answer(json!({"root_cause": "The IBAN is missing.", "priority": "asap"}).to_string());
    house
        .one
        .answer(json!({"priority": "low", "summary": "Smuggled in."}).to_string());
    let analysis = house.analyse(false);
    let written = analysis.specification.as_deref().unwrap();
    assert_eq!(written.root_cause, "The IBAN is missing.");
    assert_eq!(written.summary, "Settling an order without an IBAN fails.");
    assert_eq!(written.priority, Priority::Low);
    assert_eq!(written.provenance.root_cause, Origin::Repaired);
    assert_eq!(written.provenance.summary, Origin::Model);
    let asked = house.one.requests();
    let fields = |index: usize| asked[index].schema.value()["required"].clone();
    assert_eq!(fields(1), json!(["root_cause", "priority"]));
    assert_eq!(fields(2), json!(["priority"]));
    assert!(
        asked[1]
            .user
            .contains("- `priority` must be one of low, medium, high, critical")
    );
    let purposes: Vec<Purpose> = house.calls(&analysis).iter().map(|it| it.purpose).collect();
    assert_eq!(
        purposes,
        [Purpose::Explain, Purpose::Repair, Purpose::Repair]
    );
}

#[test]
fn a_field_that_stays_wrong_is_left_out_or_filled_in_by_rules_where_that_is_allowed() {
    for allowed in [false, true] {
        let house = House::with(|rules| rules.allow_heuristics = allowed);
        let mut answer = good();
        answer["reproduction_steps"] = json!("do it");
        house.one.answer(answer.to_string());
        house.one.answer("{\"reproduction_steps\": 1}");
        house.one.answer("sorry");
        let analysis = house.analyse(false);
        let written = analysis.specification.as_deref().unwrap();
        let origin = written.provenance.reproduction_steps;
        if allowed {
            assert_eq!(origin, Origin::Heuristic);
            assert!(!written.reproduction_steps.is_empty());
        } else {
            assert_eq!(origin, Origin::Missing);
            assert!(written.reproduction_steps.is_empty());
        }
        assert_eq!(house.calls(&analysis).len(), 3);
    }
}

#[test]
fn what_is_no_answer_fails_and_is_never_completed() {
    let garbage = [
        "PWNED".to_owned(),
        "{}".to_owned(),
        "{\"summary\": \"string\", \"root_cause\": \"string\", \"claims\": []}".to_owned(),
        without("summary"),
        good().to_string()[..200].to_owned(),
        "<html>502 Bad Gateway</html>".to_owned(),
        "I am sorry, I cannot help with that.".to_owned(),
    ];
    for text in garbage {
        let house = House::with(|rules| rules.chain = vec!["one".to_owned()]);
        for _ in 0..3 {
            house.one.answer(text.clone());
        }
        let analysis = house.analyse(false);
        assert_eq!(analysis.status, Status::Failed, "{text}");
        assert_eq!(analysis.specification, None);
        let error = analysis.error.clone().unwrap();
        assert_eq!(error.code, "model_answer_unusable", "{text}");
        assert!(!error.retryable);
        let unusable = "unusable model_answer_unusable";
        let expected = ["explain", "repair", "repair"];
        let expected = expected.map(|purpose| format!("one/m {purpose} {unusable}"));
        assert_eq!(house.story(&analysis), expected, "{text}");
    }
}

#[test]
fn an_answer_that_ended_badly_is_none_and_what_it_cost_is_paid() {
    for (finish, code) in [
        (FinishReason::Length, "model_answer_cut"),
        (FinishReason::Refusal, "model_refused"),
        (FinishReason::ContentFilter, "model_content_filter"),
    ] {
        let house = House::with(|rules| rules.chain = vec!["one".to_owned()]);
        house.one.finish(good().to_string(), finish);
        let analysis = house.analyse(false);
        assert_eq!(analysis.error.clone().unwrap().code, code);
        assert_eq!(
            house.story(&analysis),
            [format!("one/m explain failed {code}")]
        );
        assert!(house.calls(&analysis)[0].cost > 0, "{code}");
    }
    let house = House::new();
    house
        .one
        .finish(good().to_string(), FinishReason::Other("eos".to_owned()));
    assert_eq!(house.analyse(false).status, Status::Completed);
}

#[test]
fn the_next_model_is_asked_when_one_fails_and_every_attempt_is_written_down() {
    for (kind, code) in [
        (ErrorKind::Unauthorized, "model_unauthorized"),
        (ErrorKind::Forbidden, "model_unauthorized"),
        (ErrorKind::NotFound, "model_not_found"),
        (ErrorKind::RateLimited, "model_rate_limited"),
        (ErrorKind::Exhausted, "model_quota_exhausted"),
        (ErrorKind::Unavailable, "model_unavailable"),
        (ErrorKind::Timeout, "model_timeout"),
        (ErrorKind::Protocol, "model_protocol"),
        (ErrorKind::Invalid, "model_refused_request"),
    ] {
        let house = House::new();
        house.one.fail(kind);
        house.two.answer(good().to_string());
        let analysis = house.analyse(false);
        let written = analysis.specification.as_deref().unwrap();
        assert_eq!(written.model.as_deref(), Some("two/m"));
        let failed = format!("one/m explain failed {code}");
        assert_eq!(house.story(&analysis), [&failed, "two/m explain answered"]);
        assert_eq!(house.calls(&analysis)[0].cost, 0, "nothing was used");
    }
}

#[test]
fn a_prompt_that_is_too_large_for_the_server_is_sent_again_packed_smaller() {
    let house = House::new();
    house.one.fail(ErrorKind::TooLarge);
    house.one.answer(good().to_string());
    let analysis = house.analyse(false);
    assert_eq!(analysis.status, Status::Completed);
    let asked = house.one.requests();
    assert!(asked[1].max_output_tokens <= asked[0].max_output_tokens);
    let ends = ["failed model_prompt_too_large", "answered"];
    assert_eq!(
        house.story(&analysis),
        ends.map(|end| format!("one/m explain {end}"))
    );
}

#[test]
fn a_chain_that_fails_says_why_and_rules_step_in_only_where_allowed() {
    let house = House::new();
    house.one.fail(ErrorKind::Unauthorized);
    house.two.fail(ErrorKind::NotFound);
    let analysis = house.analyse(false);
    assert_eq!(analysis.status, Status::Failed);
    let error = analysis.error.unwrap();
    assert_eq!(error.code, "models_failed");
    assert!(!error.retryable);

    house.change(|workspace| workspace.settings.allow_heuristics = Some(true));
    house.one.fail(ErrorKind::Unauthorized);
    house.two.fail(ErrorKind::Unauthorized);
    let analysis = house.analyse(false);
    assert_eq!(analysis.status, Status::Completed);
    let written = analysis.specification.as_deref().unwrap();
    assert_eq!(written.model, None);
    assert_eq!(written.basis.prompt, HEURISTICS);
    let why = written.instead_of_model.as_deref().unwrap();
    assert_eq!(why.code, "model_unauthorized");

    // the models are asked again the next time, the evidence being the same or not
    house.one.answer(good().to_string());
    let analysis = house.analyse(false);
    let written = analysis.specification.as_deref().unwrap();
    assert_eq!(written.model.as_deref(), Some("one/m"));
}

#[test]
fn a_passing_fault_is_waited_for_and_what_was_paid_is_not_paid_again() {
    let house = House::new();
    for _ in 0..3 {
        house.one.answer("no answer");
    }
    house.two.fail(ErrorKind::Unavailable);
    house.two.fail(ErrorKind::RateLimited);
    house.two.answer(good().to_string());
    let analysis = house.analyse(false);
    assert_eq!(analysis.status, Status::Completed, "{:?}", analysis.error);
    assert_eq!(analysis.attempt, 3);
    assert_eq!(
        house.one.requests().len(),
        3,
        "the first model was paid once"
    );
    assert_eq!(house.two.requests().len(), 3);
}

#[test]
fn a_long_wait_is_not_waited_for() {
    let house = House::with(|rules| rules.chain = vec!["one".to_owned()]);
    let throttled = Error::new(
        ErrorKind::RateLimited,
        "fake",
        "complete",
        "come back tomorrow",
    );
    let tomorrow = Duration::from_secs(86_400);
    house.one.fail_with(throttled.with_retry_after(tomorrow));
    let analysis = house.analyse(false);
    assert_eq!(analysis.attempt, 1);
    let error = analysis.error.unwrap();
    assert_eq!(
        (error.code.as_str(), error.retryable),
        ("model_rate_limited", true)
    );
}

#[test]
fn a_run_that_dies_is_taken_up_where_it_was_paid_for() {
    let house = House::new();
    house.one.answer(without("summary"));
    let held = house.one.hold();
    house.request(false).unwrap();
    let (_, job) = block_on(house.services.work.claim(1)).unwrap().remove(0);
    {
        let run = house.services.work.run(&job);
        futures::pin_mut!(run);
        assert!(
            run.as_mut().now_or_never().is_none(),
            "it waits for the repair"
        );
    }
    drop(held);
    house.clock.advance(LEASE + Duration::from_secs(1));
    house
        .one
        .answer(json!({"summary": "It fails."}).to_string());
    let (lease, job) = block_on(house.services.work.claim(1)).unwrap().remove(0);
    let work = &house.services.work;
    let ended = block_on(work.run(&job));
    block_on(work.settle(&lease, &job, &ended)).unwrap();
    let analysis = house.analyse(false);
    assert_eq!(analysis.status, Status::Completed, "{:?}", analysis.error);
    let story = [
        "one/m explain answered",
        "one/m repair sent",
        "one/m explain reused",
        "one/m repair answered",
    ];
    assert_eq!(house.story(&analysis)[..4], story);
    let calls = house.calls(&analysis);
    assert!(
        calls[1].cost > 0,
        "what nobody heard the end of counts as paid"
    );
    assert_eq!(house.one.requests().len(), 3);
}

#[test]
fn the_same_evidence_costs_nothing_twice_unless_somebody_insists() {
    let house = House::new();
    house.one.answer(good().to_string());
    let first = house.analyse(false);
    let again = house.analyse(false);
    assert_eq!(again.specification, first.specification);
    assert_eq!(house.one.requests().len(), 1);
    assert_eq!(
        house.story(&again),
        ["one/m explain answered", "one/m explain reused"]
    );

    let mut other = good();
    other["summary"] = json!("Said otherwise.");
    house.one.answer(other.to_string());
    let forced = house.analyse(true);
    assert_eq!(forced.specification.unwrap().summary, "Said otherwise.");

    // other words to the model, another model or another event are another question
    house.change(|workspace| workspace.settings.instructions = Some("In Dutch.".to_owned()));
    house.one.answer(good().to_string());
    house.analyse(false);
    house.change(|workspace| workspace.settings.models = vec!["two".to_owned()]);
    house.two.answer(good().to_string());
    house.analyse(false);
    let mut newer = event();
    newer.exceptions[0].value = Some("'bic'".to_owned());
    house.source.put(issue(), vec![newer]);
    house.two.answer(good().to_string());
    house.analyse(false);
    assert_eq!(
        (house.one.requests().len(), house.two.requests().len()),
        (3, 2)
    );
}

#[test]
fn an_answer_serves_again_for_the_same_evidence_of_a_deleted_analysis() {
    let house = House::new();
    house.one.answer(good().to_string());
    let first = house.analyse(false);
    let workspace = house.workspace();
    let deleted = house
        .services
        .analyses
        .delete(&workspace, first.id.as_str());
    block_on(deleted).unwrap();
    let again = house.analyse(false);
    assert_ne!(again.id, first.id);
    assert_eq!(again.specification, first.specification);
    assert_eq!(house.story(&again), ["one/m explain reused"]);
    assert_eq!(house.one.requests().len(), 1);
}

#[test]
fn a_local_model_gets_what_a_remote_one_does_not() {
    let house = House::new();
    let local = |profile: &mut explainer_core::ports::ModelProfile| {
        profile.location = ModelLocation::Local;
    };
    house.two.change_profile(local);
    house.one.fail(ErrorKind::Unauthorized);
    house.two.answer(good().to_string());
    let analysis = house.analyse(false);
    let (one, two) = (house.one.requests(), house.two.requests());
    assert!(!one[0].user.contains("991") && two[0].user.contains("991"));
    let calls = house.calls(&analysis);
    assert_eq!(calls[1].egress.as_ref().unwrap().withheld, []);
    assert_eq!(calls[1].cost, 0, "a model of one's own costs nothing");

    house.change(|workspace| {
        workspace.settings.data_policy = Some(explainer_core::domain::DataPolicy::OPEN);
        workspace.settings.models = vec!["one".to_owned()];
    });
    house.one.answer(good().to_string());
    house.analyse(false);
    assert!(house.one.requests()[1].user.contains("991"));
}

#[test]
fn when_the_days_money_is_spent_requests_are_refused_until_the_day_is_over() {
    let house = House::with(|rules| rules.daily_spend_limit = Some(20_000));
    house.one.answer(good().to_string());
    house.one.use_up(TokenUsage {
        input: 1000,
        cached: 0,
        output: 1900,
    });
    assert_eq!(house.analyse(false).status, Status::Completed);
    let refused = house.request(true).unwrap_err();
    let Failure::SpendLimitReached { until_tomorrow } = refused else {
        panic!("{refused:?}")
    };
    assert!(
        until_tomorrow <= Duration::from_secs(12 * 3600),
        "it is past noon"
    );
    house.clock.advance(until_tomorrow);
    house.one.answer(good().to_string());
    assert_eq!(house.analyse(true).status, Status::Completed);
}

#[test]
fn a_request_that_might_cost_more_than_is_left_is_not_sent() {
    let house = House::with(|rules| rules.daily_spend_limit = Some(5_000));
    house.one.answer(good().to_string());
    house.two.answer(good().to_string());
    let analysis = house.analyse(false);
    let error = analysis.error.clone().unwrap();
    assert_eq!(
        (error.code.as_str(), error.retryable),
        ("spend_limit_reached", true)
    );
    assert_eq!(
        house.story(&analysis),
        ["one/m explain not_sent spend_limit_reached"]
    );
    assert!(house.one.requests().is_empty() && house.two.requests().is_empty());

    // by setting, the next local model is asked instead
    house.change(|workspace| workspace.settings.when_spent = Some(WhenSpent::Local));
    house
        .two
        .change_profile(|profile| profile.location = ModelLocation::Local);
    let analysis = house.analyse(false);
    let written = analysis.specification.as_deref().unwrap();
    assert_eq!(written.model.as_deref(), Some("two/m"));
}

#[test]
fn a_model_without_a_price_is_not_asked_where_there_is_a_limit() {
    let house = House::with(|rules| {
        rules.daily_spend_limit = Some(1_000_000);
        rules.prices = Prices::default();
    });
    let analysis = house.analyse(false);
    assert_eq!(analysis.error.unwrap().code, "model_without_price");
    assert!(house.one.requests().is_empty());
}

#[test]
fn a_preview_is_what_is_sent() {
    let house = House::new();
    house
        .two
        .change_profile(|profile| profile.location = ModelLocation::Local);
    let preview = block_on(house.services.previews.preview(&house.workspace(), "1")).unwrap();
    assert_eq!(preview.stale, None);
    let names: Vec<&str> = preview.models.iter().map(|model| &*model.model).collect();
    assert_eq!(names, ["one/m", "two/m"]);
    let one = preview.models[0].question.as_ref().unwrap();
    assert!(one.remote && one.cost.is_some_and(|cost| cost > 0));
    assert!(one.cut.iter().any(|cut| cut.what == "locals"));
    assert!(house.one.requests().is_empty(), "a preview asks nobody");

    house.one.fail(ErrorKind::Unauthorized);
    house.two.answer(good().to_string());
    let analysis = house.analyse(false);
    let calls = house.calls(&analysis);
    for (index, llm) in [&house.one, &house.two].into_iter().enumerate() {
        let previewed = preview.models[index].question.as_ref().unwrap();
        assert_eq!(previewed.request, llm.requests()[0]);
        let egress = calls[index].egress.as_ref().unwrap();
        assert_eq!(previewed.payload_sha256, egress.payload_sha256);
    }

    let newer = Event {
        release: Some("2.0".to_owned()),
        ..event()
    };
    house.source.put(issue(), vec![newer]);
    let preview = block_on(house.services.previews.preview(&house.workspace(), "1")).unwrap();
    assert_eq!(preview.stale.unwrap().as_str(), "new_release");

    // What was seen then is kept, until the issue is explained anew.
    let outdated = || {
        let (workspace, id) = (house.workspace(), analysis.id.as_str());
        let found = block_on(house.services.analyses.get(&workspace, id));
        found.unwrap().outdated
    };
    assert_eq!(outdated(), preview.stale);
    house.one.answer(good().to_string());
    house.analyse(true);
    assert_eq!(outdated(), None);
}

#[test]
fn models_are_compared_on_the_same_evidence_and_only_the_costs_are_kept() {
    let house = House::new();
    house.one.answer(good().to_string());
    for _ in 0..3 {
        house.two.answer("no");
    }
    let models = ["one", "two", "three/x"].map(str::to_owned);
    let workspace = house.workspace();
    let compared = house.services.comparisons.compare(&workspace, "1", &models);
    let compared = block_on(compared).unwrap();
    let outcomes: Vec<_> = compared
        .iter()
        .map(|it| {
            it.outcome
                .as_ref()
                .map_or_else(|fault| fault.code, |_| "valid")
        })
        .collect();
    assert_eq!(
        outcomes,
        ["valid", "model_answer_unusable", "model_unsupported"]
    );
    assert_eq!(compared[1].calls.len(), 3);
    let of_one = &house.one.requests()[0].user;
    assert_eq!(*of_one, house.two.requests()[0].user);
    let usage = block_on(house.services.spending.usage(&workspace, None, None)).unwrap();
    let calls: Vec<u64> = usage.iter().map(|usage| usage.calls).collect();
    assert_eq!(calls, [1, 0, 3], "of one/m, three/x and two/m");
    let stored = block_on(house.services.analyses.list(
        &workspace,
        &explainer_core::domain::AnalysisFilter {
            limit: 10,
            ..Default::default()
        },
    ));
    assert!(stored.unwrap().is_empty());
}

#[test]
fn too_little_evidence_is_an_honest_end() {
    let house = House::with(|rules| rules.allow_heuristics = true);
    let mut answer = good();
    answer["insufficient_evidence"] = json!("There is no stack of the caller.");
    answer["root_cause"] = json!(null);
    house.one.answer(answer.to_string());
    let analysis = house.analyse(false);
    let written = analysis.specification.as_deref().unwrap();
    let missing = written.insufficient_evidence.as_deref();
    assert_eq!(missing, Some("There is no stack of the caller."));
    assert_eq!(
        written.root_cause, "",
        "rules do not guess where the model would not"
    );
    assert_eq!(written.provenance.root_cause, Origin::Missing);
}

#[test]
fn a_model_this_build_cannot_ask_is_told() {
    let house = House::new();
    house.change(|workspace| workspace.settings.models = vec!["three".to_owned()]);
    let analysis = house.analyse(false);
    let error = analysis.error.clone().unwrap();
    assert_eq!(error.code, "model_unsupported");
    assert!(
        error.message.contains("feature llm-three"),
        "{}",
        error.message
    );
    assert_eq!(
        house.story(&analysis),
        ["three explain not_sent model_unsupported"]
    );
}

#[test]
fn an_issue_from_the_future_hides_none_that_come_before_it() {
    let house = House::new();
    house.change(|workspace| workspace.settings.auto_analyze = true);
    let workspace = house.workspace();
    let look = || {
        house.clock.advance(Duration::from_secs(400));
        let looking = house
            .services
            .reconciler
            .look(&workspace, Duration::from_secs(300));
        block_on(looking).unwrap().unwrap().queued
    };
    let seen = |id: &str, at| Issue {
        id: id.to_owned(),
        first_seen: Some(at),
        last_seen: Some(at),
        ..issue()
    };
    let years = Duration::from_secs(10 * 365 * 24 * 60 * 60);
    house
        .source
        .put(seen("2", house.clock.now() + years), vec![event()]);
    assert_ne!(look(), 0);
    house
        .source
        .put(seen("3", house.clock.now()), vec![event()]);
    assert_eq!(look(), 1);
}

#[test]
fn a_source_that_is_slow_is_not_looked_through_to_the_end() {
    let house = House::new();
    house.change(|workspace| workspace.settings.auto_analyze = true);
    for number in 2..=250 {
        let id = number.to_string();
        house.source.put(Issue { id, ..issue() }, vec![event()]);
    }
    let workspace = house.workspace();
    let interval = Duration::from_secs(300);
    let look = || house.services.reconciler.look(&workspace, interval);

    // The second page comes after three minutes; the third is not asked for.
    let mut slow = std::pin::pin!(look());
    let (first, second) = (house.source.hold_next(), house.source.hold_next());
    assert!(slow.as_mut().now_or_never().is_none());
    first.send(()).unwrap();
    assert!(slow.as_mut().now_or_never().is_none());
    house.clock.advance(Duration::from_secs(180));
    second.send(()).unwrap();
    let looked = block_on(slow).unwrap().unwrap();
    assert_eq!((looked.seen, looked.queued), (200, 200));

    // Nothing is left out for that: the next look begins where this one did.
    assert!(block_on(look()).unwrap().is_none(), "it is not due");
    house.clock.advance(Duration::from_secs(400));
    let looked = block_on(look()).unwrap().unwrap();
    assert_eq!((looked.seen, looked.queued), (250, 50));
}
