//! The pages, as `make pages` has built them from `ui`: embedded in the binary, or, where it isn't optimised, read from where
//! they were built. They hold nothing of anybody's: whatever they show comes by the API, to whoever has logged in.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::borrow::Cow;

/// The one document; its script shows the page that the address names behind `#`.
const INDEX: &str = "index.html";

/// Where files are whose names change with what is in them.
const FOR_GOOD: &str = "assets/";

/// What a page may do (Content Security Policy Level 3): scripts and styles are files of ours, it asks nobody but us, it is
/// in nobody's frame, sounds are played from its memory, and text becomes markup by Svelte's templates alone. The other policy
/// begins the service worker, and knows no address but that.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; media-src blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types svelte-trusted-html kolapp-worker";

/// Which devices a page may ask for (Permissions Policy): the microphone, for prompts that are recorded in it.
const DEVICES: &str = "microphone=(self), camera=(), geolocation=(), display-capture=(), usb=()";

/// What is said in their place.
const LEFT_OUT: &str = "This server was built without pages: `make pages` builds them, and they are in what is built after it.\n\
     Its API is at /api/v1 (/api/v1/openapi.json describes it).\n";

/// Bytes of an ETag that are compared: more than two builds will ever share.
const TAG_BYTES: usize = 12;

#[cfg(feature = "pages")]
#[derive(rust_embed::RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Files;

/// The bytes of a file, which lie in the binary and are copied nowhere, and their SHA-256, which was made at the build: this
/// runs where calls are set up.
type File = (Cow<'static, [u8]>, [u8; 32]);

#[cfg(feature = "pages")]
fn file(path: &str) -> Option<File> {
    Files::get(path).map(|file| (file.data, file.metadata.sha256_hash()))
}

#[cfg(not(feature = "pages"))]
fn file(_: &str) -> Option<File> {
    None
}

/// A file of the pages; nothing where there is none at that path.
pub(crate) fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Option<Response> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let path = match path.strip_prefix('/')? {
        "" => INDEX,
        path => path,
    };
    // The root is always there, so that whoever looks for pages is told where they are.
    let Some(kind) = kind(path).filter(|_| file(path).is_some()) else {
        return (path == INDEX).then(left_out);
    };
    let (encoding, (bytes, hash)) = packed(path, headers)?;
    let tag = tag(&hash);
    let known = headers.get(header::IF_NONE_MATCH);
    let is_known = known
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(bytes).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept(path)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        let encoding = HeaderValue::from_static(encoding.name());
        headers.insert(header::CONTENT_ENCODING, encoding);
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    guard(headers);
    Some(response)
}

fn left_out() -> Response {
    let mut response = LEFT_OUT.into_response();
    let no_store = HeaderValue::from_static("no-store");
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, no_store);
    guard(headers);
    response
}

/// What browsers are told to keep pages from.
fn guard(headers: &mut HeaderMap) {
    let told = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::HeaderName::from_static("permissions-policy"),
            DEVICES,
        ),
    ];
    for (name, value) in told {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let opener = header::HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(opener, HeaderValue::from_static("same-origin"));
}

/// What a file is; the build makes no others for browsers.
fn kind(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

/// How long a file may be kept unasked.
fn kept(path: &str) -> &'static str {
    match path.starts_with(FOR_GOOD) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    }
}

/// How a file is packed, beside as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Brotli,
    Gzip,
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Encoding::Brotli => "br",
            Encoding::Gzip => "gzip",
        }
    }

    /// What the build adds to the name of a file that it has packed.
    fn suffix(self) -> &'static str {
        match self {
            Encoding::Brotli => ".br",
            Encoding::Gzip => ".gz",
        }
    }

    /// RFC 9110 §12.5.3.
    fn is_taken(self, headers: &HeaderMap) -> bool {
        let all = headers.get_all(header::ACCEPT_ENCODING).into_iter();
        let listed = all.filter_map(|value| value.to_str().ok());
        let mut listed = listed.flat_map(|value| value.split(','));
        listed.any(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, ""));
            let refused = weight
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse() == Ok(0.0));
            name.trim().eq_ignore_ascii_case(self.name()) && !refused
        })
    }
}

/// The file as whoever asks takes it, the smallest first.
fn packed(path: &str, headers: &HeaderMap) -> Option<(Option<Encoding>, File)> {
    let taken = [Encoding::Brotli, Encoding::Gzip]
        .into_iter()
        .filter(|encoding| encoding.is_taken(headers));
    let mut found = taken.filter_map(|encoding| {
        let file = file(&format!("{path}{}", encoding.suffix()))?;
        Some((Some(encoding), file))
    });
    found.next().or_else(|| Some((None, file(path)?)))
}

/// An ETag: another one for other bytes, also of the same file packed otherwise.
fn tag(hash: &[u8]) -> String {
    let compared = hash.iter().take(TAG_BYTES);
    let hex = compared.map(|byte| format!("{byte:02x}"));
    format!("\"{}\"", hex.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(encodings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(encodings))])
    }

    #[test]
    fn what_a_browser_can_unpack_is_what_it_says() {
        let browser = accepting("gzip, deflate, br;q=0.9, zstd");
        assert!(Encoding::Brotli.is_taken(&browser) && Encoding::Gzip.is_taken(&browser));
        let refusing = accepting("gzip;q=0, BR");
        assert!(Encoding::Brotli.is_taken(&refusing) && !Encoding::Gzip.is_taken(&refusing));
        assert!(!Encoding::Gzip.is_taken(&HeaderMap::new()));
    }

    #[test]
    fn only_what_is_named_by_its_content_is_kept_for_good() {
        assert!(kept("assets/index-4f2a.js").contains("immutable"));
        assert_eq!(kept("index.html"), "no-cache");
    }

    #[test]
    fn the_root_is_there_with_pages_and_without_and_in_nobodys_frame() {
        let found = answer(&Method::GET, "/", &HeaderMap::new()).unwrap();
        assert_eq!(found.status(), StatusCode::OK);
        let policy = found.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(found.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn nothing_else_is_found_that_the_build_did_not_make_for_browsers() {
        for path in [
            "/nothing.js",
            "/.gitkeep",
            "/../Cargo.toml",
            "/assets/",
            "//",
            "*",
        ] {
            assert!(
                answer(&Method::GET, path, &HeaderMap::new()).is_none(),
                "{path}"
            );
        }
        assert!(answer(&Method::POST, "/", &HeaderMap::new()).is_none());
    }
}
