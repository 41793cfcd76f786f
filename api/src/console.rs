//! The built console, a single-page app, below `/console`. Called by `serve`, which reads it, and by `router`, which mounts
//! it. The folder is read once at start-up: a request never reaches the file system, and an index never meets the assets of
//! another build.
//! poem's `StaticFilesEndpoint` is not used: it follows links out of the folder, refuses HEAD, and answers a missing asset
//! with the index.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use almanac_shared::platform::error::Code;
use anyhow::{Context, Result, ensure};
use poem::{
    Endpoint, Request, Response,
    endpoint::make_sync,
    http::{HeaderValue, Method, header},
};

use crate::http::{
    document::{Document, REVALIDATED},
    error::ApiError,
};

/// The path below which the console is served.
pub const MOUNT: &str = "/console";
const INDEX: &str = "index.html";
/// The folder whose file names contain a hash of their content.
const ASSETS: &str = "assets/";
/// Characters of that hash.
const HASH_CHARS: usize = 8;
/// More bytes than any build has: a folder with more is not a console.
const MOST_BYTES: u64 = 32 * 1024 * 1024;
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Scripts and styles come as files of this origin. Pictures in previews of posts come from any host, which learns no
/// address of ours by the `Referrer-Policy` of all answers. The one frame shows the page of a synthesis.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data: https:; font-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// The files of a build, by their path below the folder.
#[derive(Clone, Debug)]
pub struct Console {
    files: Arc<BTreeMap<String, Document>>,
    index: Document,
}

impl Console {
    /// Reads a build. Links and names that begin with a dot are left out.
    ///
    /// # Errors
    /// The folder cannot be read, is too large, or has no `index.html`.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let mut bytes = 0;
        for (name, path) in regular_files(folder)? {
            let content = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            bytes += u64::try_from(content.len())?;
            ensure!(bytes <= MOST_BYTES, "{} is too large for a build of the console", folder.display());
            let cache_control = if is_hashed(&name) { IMMUTABLE } else { REVALIDATED };
            let document = Document::new(content_type(&name), cache_control, content);
            files.insert(name, document);
        }
        let index = files.get(INDEX).cloned();
        let index = index.with_context(|| format!("{} has no {INDEX}", folder.display()))?;
        Ok(Self { files: Arc::new(files), index })
    }

    /// The endpoint of all paths below `/console`.
    pub fn endpoint(self) -> impl Endpoint<Output = Response> {
        make_sync(move |request: Request| self.answer(&request).map(protected))
    }

    fn answer(&self, request: &Request) -> Result<Response, ApiError> {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let refusal = ApiError::new(Code::MethodNotAllowed, "method not allowed");
            return Err(refusal.with_header(header::ALLOW, HeaderValue::from_static("GET, HEAD")));
        }
        let path = request.uri().path().trim_start_matches('/');
        let file = self.files.get(path).or_else(|| is_view(path).then_some(&self.index));
        Ok(file.ok_or_else(ApiError::not_found)?.answer(request.headers()))
    }
}

/// Whether a path belongs to the console.
pub fn is_below(path: &str) -> bool {
    path.strip_prefix(MOUNT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn protected(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// Whether a path may be a page of the app, which its script shows: no file, and nothing that is escaped.
fn is_view(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte))
}

/// Names and paths of the regular files below a folder. What a link points to may be outside of it.
fn regular_files(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let (mut files, mut folders) = (Vec::new(), vec![(String::new(), root.to_path_buf())]);
    while let Some((prefix, folder)) = folders.pop() {
        let reading = || format!("reading {}", folder.display());
        for entry in fs::read_dir(&folder).with_context(reading)? {
            let entry = entry.with_context(reading)?;
            let kind = entry.file_type().with_context(reading)?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            if kind.is_file() {
                files.push((format!("{prefix}{name}"), entry.path()));
            } else if kind.is_dir() {
                folders.push((format!("{prefix}{name}/"), entry.path()));
            }
        }
    }
    Ok(files)
}

/// Whether the address of a file changes with its content: `assets/index-B7hYx2_k.js`.
fn is_hashed(name: &str) -> bool {
    let stem = name.strip_prefix(ASSETS).and_then(|name| name.split('.').next());
    let hash = stem.and_then(|stem| stem.len().checked_sub(HASH_CHARS).and_then(|at| stem.split_at_checked(at)));
    hash.is_some_and(|(before, hash)| {
        before.ends_with('-') && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

/// By the extension; what is not known is not shown.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_below_assets_are_immutable() {
        for name in ["assets/index-B7hYx2_k.js", "assets/index-DGPCd2-A.css", "assets/logo-AAAAAAAA.min.svg"] {
            assert!(is_hashed(name), "{name}");
        }
        for name in ["index.html", "index-B7hYx2_k.js", "assets/index.js", "assets/B7hYx2_k.js", "assets/a-é123456.js"]
        {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn a_view_has_neither_dots_nor_escapes() {
        for path in ["", "themes", "themes/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11", "themes/"] {
            assert!(is_view(path), "{path}");
        }
        for path in ["app.js", "assets/gone-AAAAAAAA.js", "../index", "%2e%2e/etc/passwd", "a\\b"] {
            assert!(!is_view(path), "{path}");
        }
    }
}
