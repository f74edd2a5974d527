//! Request bodies: read within the limit, checked against the very schema the document shows.

use std::{io, pin::pin, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use poem::{
    Request, RequestBody,
    error::ReadBodyError,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    error::ContentTypeError,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry},
    types::{Any, ParseFromJSON, Type},
};
use serde_json::Value;
use tokio::time::timeout;

use super::{
    Shared,
    problem::{FieldError, Problem},
    schema,
};

/// How much of a body that is too large is taken all the same, in bytes, and for how long.
const FORGOTTEN: usize = 16 * 1024 * 1024;
const FORGETTING: Duration = Duration::from_secs(2);

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub T);

/// A JSON body that may be left out.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub Option<T>);

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for Body<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(meta(T::schema_ref(), true))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = read(request, body).await?;
        check_content_type(request)?;
        parse(&bytes).map(Self).map_err(Into::into)
    }
}

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for OptionalBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let null = MetaSchema {
            nullable: true,
            enum_items: vec![Value::Null],
            ..MetaSchema::ANY
        };
        let or_null = MetaSchema {
            any_of: vec![T::schema_ref(), MetaSchemaRef::Inline(Box::new(null))],
            ..MetaSchema::ANY
        };
        Some(meta(MetaSchemaRef::Inline(Box::new(or_null)), false))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = read(request, body).await?;
        if bytes.is_empty() || bytes.trim_ascii() == b"null" {
            return Ok(Self(None));
        }
        check_content_type(request)?;
        parse(&bytes)
            .map(|value| Self(Some(value)))
            .map_err(Into::into)
    }
}

/// A body as it came in, of any type.
#[derive(Debug)]
pub(crate) struct RawBody(pub Vec<u8>);

impl<'a> ApiExtractor<'a> for RawBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        Some(meta(Any::<Value>::schema_ref(), false))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        read(request, body).await.map(Self)
    }
}

fn meta(schema: MetaSchemaRef, required: bool) -> MetaRequest {
    let json = MetaMediaType {
        content_type: "application/json",
        schema,
    };
    MetaRequest {
        description: None,
        content: vec![json],
        required,
    }
}

async fn read(request: &Request, body: &mut RequestBody) -> poem::Result<Vec<u8>> {
    let limit = Shared::of(request)?.body_limit;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|text| text.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        // Who asked beforehand has not begun to send.
        if !request.headers().contains_key(header::EXPECT) {
            forget(pin!(body.take()?.into_bytes_stream())).await;
        }
        return Err(Problem::too_large().into());
    }
    whole(body.take()?, limit).await
}

/// The whole of a body, if it is within `limit`.
pub(super) async fn whole(body: poem::Body, limit: usize) -> poem::Result<Vec<u8>> {
    let mut chunks = pin!(body.into_bytes_stream());
    let mut whole = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(ReadBodyError::Io)?;
        if whole.len() + chunk.len() > limit {
            forget(chunks).await;
            return Err(Problem::too_large().into());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// Takes what is still sent, for a while, and forgets it: who sends does not listen yet, and would
/// not hear the answer before the connection is closed.
async fn forget(mut chunks: impl Stream<Item = io::Result<Bytes>> + Unpin) {
    let forget = async {
        let mut taken = 0;
        while let Some(Ok(chunk)) = chunks.next().await {
            taken += chunk.len();
            if taken > FORGOTTEN {
                break;
            }
        }
    };
    let _ = timeout(FORGETTING, forget).await;
}

fn check_content_type(request: &Request) -> poem::Result<()> {
    let Some(sent) = request.content_type() else {
        return Err(ContentTypeError::ExpectContentType.into());
    };
    let essence = sent
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
    {
        return Ok(());
    }
    Err(ContentTypeError::NotSupported {
        content_type: essence,
    }
    .into())
}

fn parse<T: ParseFromJSON>(bytes: &[u8]) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let detail = format!("the body is not JSON: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "not_json", detail)
    })?;
    let errors = schema::check::<T>(&value);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    T::parse_from_json(Some(value)).map_err(|error| {
        Problem::invalid(vec![FieldError {
            field: "body".to_owned(),
            message: error.into_message(),
        }])
    })
}
