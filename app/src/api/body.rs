//! Request bodies: read within the limit, checked against the very schema the document shows.

use poem::{
    Request, RequestBody,
    http::{StatusCode, header},
};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    error::ContentTypeError,
    registry::{MetaMediaType, MetaRequest, Registry},
    types::{Any, ParseFromJSON, Type},
};
use serde_json::Value;

use super::{
    problem::{FieldError, Problem},
    schema,
};

/// The largest body that is read; set once for the whole service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimit(pub usize);

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
        Some(meta::<T>(true))
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
        Some(meta::<T>(false))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        let bytes = read(request, body).await?;
        if bytes.trim_ascii().is_empty() || bytes.trim_ascii() == b"null" {
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
        Some(meta::<Any<Value>>(false))
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        read(request, body).await.map(Self)
    }
}

fn meta<T: Type>(required: bool) -> MetaRequest {
    let json = MetaMediaType {
        content_type: "application/json",
        schema: T::schema_ref(),
    };
    MetaRequest {
        description: None,
        content: vec![json],
        required,
    }
}

async fn read(request: &Request, body: &mut RequestBody) -> poem::Result<Vec<u8>> {
    let limit = request
        .data::<BodyLimit>()
        .map_or(1024 * 1024, |limit| limit.0);
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|text| text.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(Problem::too_large().into());
    }
    Ok(body.take()?.into_bytes_limit(limit).await?.into())
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
