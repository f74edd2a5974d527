//! The server that stands still: what the framework and a checked token cost, and nothing else.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use poem::{
    Route, Server,
    listener::{Acceptor, Listener, TcpListener},
};
use poem_openapi::{Object, OpenApi, OpenApiService, SecurityScheme, auth::Bearer, payload::Json};
use serde::{Deserialize, Serialize};

use crate::Outcome;

const SECRET: &[u8] = b"a key for measurements alone, of no worth";

/// What its tokens say.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: u64,
}

#[derive(SecurityScheme)]
#[oai(ty = "bearer", checker = "check")]
struct Token(Claims);

#[expect(clippy::unused_async, reason = "the framework wants it so")]
async fn check(_: &poem::Request, bearer: Bearer) -> Option<Claims> {
    let key = DecodingKey::from_secret(SECRET);
    let validation = Validation::new(Algorithm::HS256);
    let data = jsonwebtoken::decode(&bearer.token, &key, &validation).ok()?;
    Some(data.claims)
}

#[derive(Object)]
struct Answer {
    id: String,
    status: String,
}

struct Api;

#[OpenApi]
impl Api {
    #[expect(clippy::unused_async, reason = "the framework wants it so")]
    #[oai(path = "/limit", method = "get")]
    async fn limit(&self, token: Token) -> Json<Answer> {
        Json(Answer {
            id: token.0.sub,
            status: "completed".to_owned(),
        })
    }
}

/// A token it takes.
pub(crate) fn token() -> Outcome<String> {
    let claims = Claims {
        sub: "01a20df8-55c7-746d-9f2b-c37c41115d8a".to_owned(),
        exp: 32_503_680_000,
    };
    let key = EncodingKey::from_secret(SECRET);
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &key)?)
}

/// Serves on a free port, which it prints first.
pub(crate) async fn serve() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
    for address in listener.local_addr() {
        if let Some(address) = address.as_socket_addr() {
            eprintln!(r#"{{"address":"{address}"}}"#);
        }
    }
    let service = OpenApiService::new(Api, "limit", "1");
    let routes = Route::new().nest("/", service);
    Server::new_with_acceptor(listener).run(routes).await?;
    Ok(())
}
