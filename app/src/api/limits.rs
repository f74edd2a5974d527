//! How much one request may take of the service: a place among those worked on, and time.
//!
//! A request that waits for something instead of being worked on says so through [`Patience`]: it
//! gives its place back and gets the time it waits for on top.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use poem::{
    Endpoint, FromRequest, Request, RequestBody, Result,
    http::{HeaderMap, StatusCode},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep_until},
};

use super::problem::Problem;

/// The most that the headers of a request may have, names and values together, in bytes.
const HEADERS: usize = 16 * 1024;
/// The longest path and query, in bytes.
const TARGET: usize = 8 * 1024;
/// When a client that found no place should come again.
const COME_AGAIN: Duration = Duration::from_secs(1);
/// How long a request waits at most for models that it asks itself; each has a shorter limit of its own.
pub(crate) const MODELS: Duration = Duration::from_secs(600);
/// What is answered however much there is to do: a supervisor that hears nothing would restart us.
const ALWAYS: [&str; 2] = ["/health", "/api/v1/health"];

/// Keeps requests within their limits.
pub(super) struct Limits<E> {
    inner: E,
    places: Arc<Semaphore>,
    time: Duration,
}

impl<E> Limits<E> {
    /// Of requests that may take so long, at most so many at the same time.
    pub(super) fn new(inner: E, places: usize, time: Duration) -> Self {
        let places = Arc::new(Semaphore::new(places));
        Self {
            inner,
            places,
            time,
        }
    }
}

impl<E: Endpoint> Endpoint for Limits<E> {
    type Output = E::Output;

    async fn call(&self, mut request: Request) -> Result<E::Output> {
        check_size(&request)?;
        let place = match self.places.clone().try_acquire_owned() {
            Ok(place) => Some(place),
            Err(_) if ALWAYS.contains(&request.uri().path()) => None,
            Err(_) => return Err(busy().into()),
        };
        let patience = Patience::new(self.time, place);
        request.extensions_mut().insert(patience.clone());
        tokio::select! {
            answer = Box::pin(self.inner.call(request)) => answer,
            () = patience.over() => Err(too_late().into()),
        }
    }
}

/// What a request may still take.
#[derive(Debug, Clone)]
pub(crate) struct Patience(Arc<Mutex<Rest>>);

#[derive(Debug)]
struct Rest {
    until: Instant,
    place: Option<OwnedSemaphorePermit>,
}

impl Patience {
    fn new(time: Duration, place: Option<OwnedSemaphorePermit>) -> Self {
        let until = Instant::now() + time;
        Self(Arc::new(Mutex::new(Rest { until, place })))
    }

    /// The request now waits, for at most `longest`, and is not worked on meanwhile.
    pub(crate) fn waits(&self, longest: Duration) {
        let mut rest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rest.until += longest;
        rest.place = None;
    }

    /// Waits until there is no time left.
    async fn over(&self) {
        loop {
            let until = self.0.lock().unwrap_or_else(PoisonError::into_inner).until;
            if Instant::now() >= until {
                return;
            }
            sleep_until(until).await;
        }
    }
}

impl<'a> FromRequest<'a> for Patience {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let patience = request.extensions().get::<Self>().cloned();
        Ok(patience.ok_or_else(Problem::internal)?)
    }
}

fn check_size(request: &Request) -> Result<(), Problem> {
    if size(request.headers()) > HEADERS {
        let detail = format!("the headers are too large; they may have {HEADERS} bytes together");
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Problem::new(status, "headers_too_large", detail));
    }
    let target = request.uri().path_and_query();
    if target.is_some_and(|target| target.as_str().len() > TARGET) {
        let detail = format!("the address is too long; path and query may have {TARGET} bytes");
        return Err(Problem::new(
            StatusCode::URI_TOO_LONG,
            "address_too_long",
            detail,
        ));
    }
    Ok(())
}

fn size(headers: &HeaderMap) -> usize {
    let of_one = |(name, value): (&poem::http::HeaderName, &poem::http::HeaderValue)| {
        name.as_str().len() + value.len()
    };
    headers.iter().map(of_one).sum()
}

fn busy() -> Problem {
    let detail = "too much is asked at the moment; try again in a second";
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "too_many_requests_at_once",
        detail,
    )
    .with_retry_after(COME_AGAIN)
}

fn too_late() -> Problem {
    let detail = "the request took too long and was given up; try again, with less at once";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "request_timeout", detail)
        .with_retry_after(COME_AGAIN)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use poem::{Response, endpoint::make, http::Uri};

    use super::*;

    fn get(path: &'static str) -> Request {
        Request::builder().uri(Uri::from_static(path)).finish()
    }

    async fn code(limits: &Limits<impl Endpoint<Output = Response>>, request: Request) -> u16 {
        match limits.call(request).await {
            Ok(answer) => answer.status().as_u16(),
            Err(error) => error.status().as_u16(),
        }
    }

    /// Says that it waits where its path says so.
    fn waits_where_told(request: &Request) {
        let patience = request.extensions().get::<Patience>().cloned();
        if let Some(patience) = patience
            && request.uri().path() == "/waits"
        {
            patience.waits(Duration::from_secs(60));
        }
    }

    #[tokio::test]
    async fn a_request_that_takes_too_long_is_given_up_unless_it_waits() {
        const TIME: Duration = Duration::from_millis(50);
        let work = make(async |request: Request| {
            waits_where_told(&request);
            tokio::time::sleep(TIME * 4).await;
            Ok::<_, poem::Error>(Response::default())
        });
        let limits = Limits::new(work, 1, TIME);
        assert_eq!(code(&limits, get("/works")).await, 503);
        assert_eq!(code(&limits, get("/waits")).await, 200);
    }

    #[tokio::test]
    async fn only_so_many_are_worked_on_at_once_and_waiting_takes_no_place() {
        let (begun, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let (count, ends) = (begun.clone(), end.clone());
        let work = make(move |request: Request| {
            let (count, ends) = (count.clone(), ends.clone());
            async move {
                waits_where_told(&request);
                count.fetch_add(1, Ordering::Relaxed);
                let _ = ends.acquire().await;
                Ok::<_, poem::Error>(Response::default())
            }
        });
        let limits = Limits::new(work, 2, Duration::from_secs(60));
        let paths = [
            "/waits", "/waits", "/works", "/works", "/refused", "/health",
        ];
        let answers = paths.map(|path| code(&limits, get(path)));
        let all_begun = async {
            while begun.load(Ordering::Relaxed) < 5 {
                tokio::task::yield_now().await;
            }
            end.add_permits(1000);
        };
        let (answers, ()) = futures::future::join(join_all(answers), all_begun).await;
        assert_eq!(answers, [200, 200, 200, 200, 503, 200]);
        assert_eq!(code(&limits, get("/works")).await, 200, "places come back");
    }

    #[tokio::test]
    async fn what_is_too_large_to_read_is_refused() {
        let work = make(async |_| Ok::<_, poem::Error>(Response::default()));
        let limits = Limits::new(work, 1, Duration::from_secs(5));
        let large = Request::builder().header("x-large", "x".repeat(HEADERS));
        assert_eq!(code(&limits, large.finish()).await, 431);
        let long = format!("/{}", "x".repeat(TARGET)).parse().unwrap();
        assert_eq!(
            code(&limits, Request::builder().uri(long).finish()).await,
            414
        );
    }
}
