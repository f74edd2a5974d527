//! `explainer demo`: the whole service on a store that is thrown away, with something in it.

use std::{sync::Arc, time::Duration};

use explainer_adapters::system::UuidIds;
use explainer_core::{
    domain::{Analysis, ExposeSecret, IssueQuery, SecretString},
    explain,
    ports::Ids as _,
    services::{Access, NewAccount, NewWorkspace, Origin, Services},
};
use indicatif::{ProgressBar, ProgressStyle};
use poem::listener::{Acceptor, TcpAcceptor};

use super::{Outcome, paint, serve};
use crate::{bootstrap::Application, config::Config, telemetry::Telemetry, waiting::Waiting};

const USERNAME: &str = "demo";

/// People watch the demo; what goes well is shown and need not be logged too.
pub(super) fn quiet(mut config: Config) -> Config {
    "warn".clone_into(&mut config.log.filter);
    config
}

pub(super) async fn run(mut config: Config, telemetry: Telemetry) -> Outcome {
    let folder = tempfile::Builder::new()
        .prefix("explainer-demo-")
        .tempdir()?;
    config.storage.throw_away_in(folder.path());

    let acceptor = bind(&config).await?;
    let url = url_of(&acceptor);
    let application = Application::assemble(config, telemetry).await?;
    let (services, waiting) = (application.services.clone(), application.waiting.clone());
    let server = tokio::spawn(application.serve(acceptor, serve::stop_signal()?));

    let account = Account::make(&services).await?;
    let analyses = explain_all(&services, &waiting, &account).await?;
    show(&analyses);
    invite(&url, &account);
    server.await??;
    Ok(())
}

/// The configured address; another port where that one is taken, so that the demo always runs.
async fn bind(config: &Config) -> Outcome<TcpAcceptor> {
    let (host, port) = (&config.server.host, config.server.port);
    match serve::bind(host, port).await {
        Ok(acceptor) => Ok(acceptor),
        Err(_taken) => serve::bind(host, 0).await,
    }
}

fn url_of(acceptor: &TcpAcceptor) -> String {
    let addresses = acceptor.local_addr();
    let address = addresses
        .first()
        .and_then(|address| address.as_socket_addr().copied());
    address
        .map(|address| format!("http://{address}"))
        .unwrap_or_default()
}

/// Somebody to try things as.
struct Account {
    workspace: Access,
    password: String,
    token: SecretString,
}

impl Account {
    async fn make(services: &Services) -> Outcome<Self> {
        // The last characters of an id are random.
        let password: String = UuidIds.next().chars().rev().take(12).collect();
        let account = NewAccount {
            username: USERNAME.to_owned(),
            email: "demo@example.com".to_owned(),
            password: password.clone().into(),
            full_name: Some("Demo".to_owned()),
            invitation: None,
        };
        let token = services
            .accounts
            .register(account, &Origin::default())
            .await?;
        let token = token.token.token;
        let caller = async || {
            let accounts = &services.accounts;
            let checked = accounts.authenticate(token.expose_secret(), Origin::default());
            checked.await
        };
        let new = NewWorkspace {
            name: "Samples".to_owned(),
            description: None,
        };
        services.workspaces.create(&caller().await?, new).await?;
        let workspace = services.workspaces.current(&caller().await?).await?;
        Ok(Self {
            workspace,
            password,
            token,
        })
    }
}

async fn explain_all(
    services: &Services,
    waiting: &Arc<Waiting>,
    account: &Account,
) -> Outcome<Vec<Analysis>> {
    let query = IssueQuery {
        limit: 100,
        ..IssueQuery::default()
    };
    let issues = services
        .issues
        .list(&account.workspace, &query)
        .await?
        .page
        .items;
    let bar = ProgressBar::new(issues.len() as u64).with_style(ProgressStyle::with_template(
        "{prefix} {bar:30} {pos}/{len} {wide_msg}",
    )?);
    bar.set_prefix("Explaining the samples");
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut analyses = Vec::new();
    for issue in issues {
        bar.set_message(issue.title.clone());
        let asked = services
            .analyses
            .request(&account.workspace, &issue.id, false);
        let asked = asked.await?;
        let (requests, of) = (&services.analyses, &account.workspace);
        let ended = waiting.until_ended(requests, of, &asked.id, asked.revision);
        analyses.push(ended.await?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(analyses)
}

/// Every sample in a line, the most urgent first, and the first of them in full.
fn show(analyses: &[Analysis]) {
    let specified = analyses
        .iter()
        .filter_map(|it| Some((&it.issue, it.specification.as_deref()?)));
    let mut specified: Vec<_> = specified.collect();
    specified.sort_by_key(|(_, specification)| std::cmp::Reverse(specification.priority));
    if let Some((issue, specification)) = specified.first() {
        let text = explain::render::markdown(issue, specification);
        anstream::println!("{}", paint::markdown(&text));
    }
    for (issue, specification) in &specified {
        let title: String = issue.title.chars().take(100).collect();
        anstream::println!("{:9} {title}", specification.priority.as_str());
    }
}

fn invite(url: &str, account: &Account) {
    let Account {
        password, token, ..
    } = account;
    let token = token.expose_secret();
    anstream::println!(
        "\n{heading}\n\n  \
         API       {url}/docs\n  \
         log in    {USERNAME} / {password}\n  \
         try       curl -s -H 'Authorization: Bearer {token}' '{url}/api/v1/issues/?limit=3'\n\n\
         {note}",
        heading = paint::good("The service is running."),
        note = paint::quiet("Everything is thrown away when it stops: Ctrl-C."),
    );
}
