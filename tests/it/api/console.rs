//! The built console at `/console`: its files, pages of the app, caches and policy.

use std::{fs, os::unix::fs::symlink, path::PathBuf, time::Duration};

use almanac_tests::{OrFail, Stack, actor::raw::RawConnection};
use http::Method;
use uuid::Uuid;

const WITHIN: Duration = Duration::from_secs(45);
const INDEX: &str = "<!doctype html><title>Almanac</title>";
const SCRIPT: &str = "assets/index-B7hYx2_k.js";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// A build in a folder of its own, removed at the end. Beside it lies a file that must never be served.
struct Build(PathBuf);

impl Build {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("almanac-console-{}", Uuid::new_v4()));
        fs::create_dir_all(folder.join("dist/assets")).or_fail("making a folder");
        let build = Self(folder);
        build.write("secret.txt", "canary");
        build.write("dist/index.html", INDEX);
        build.write("dist/icon.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
        build.write("dist/.env", "canary");
        build.write(&format!("dist/{SCRIPT}"), "export {};");
        build.write("dist/assets/index-DGPCd2-A.css", "body {}");
        build
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).or_fail("writing a file");
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().or_fail("a path").to_owned()
    }

    async fn stack(&self) -> Stack {
        Stack::builder().workers(0).api_env("CONSOLE_DIR", &self.path("dist")).start().await
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_is_served_with_a_strict_policy_and_the_root_leads_to_it() {
    let build = Build::new();
    let stack = build.stack().await;
    let nobody = stack.user().anonymous();

    let root = nobody.get("/").await.expect(302);
    assert_eq!(root.header("location"), Some("/console/"));

    let types = [
        ("/console", "text/html; charset=utf-8", "no-cache"),
        ("/console/", "text/html; charset=utf-8", "no-cache"),
        ("/console/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/console/icon.svg", "image/svg+xml", "no-cache"),
        ("/console/assets/index-B7hYx2_k.js", "text/javascript; charset=utf-8", IMMUTABLE),
        ("/console/assets/index-DGPCd2-A.css", "text/css; charset=utf-8", IMMUTABLE),
    ];
    for (path, content_type, cache) in types {
        let reply = nobody.get(path).await.expect(200);
        assert_eq!((reply.header("content-type"), reply.header("cache-control")), (Some(content_type), Some(cache)));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{path}");
        let policy = reply.header("content-security-policy").or_fail("a policy");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        for wanted in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.split("; ").any(|part| part == wanted), "{wanted} in {policy}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_console_is_its_index_and_a_missing_asset_is_404() {
    let build = Build::new();
    let stack = build.stack().await;
    let nobody = stack.user().anonymous();

    for path in ["/console/themes", "/console/themes/0198c4a2-7d1e-7c3a-9f00-5b1e6d0c2a11/", "/console/themes?new=1"] {
        assert_eq!(nobody.get(path).await.expect(200).text(), INDEX, "{path}");
    }
    for path in ["/console/assets/index-AAAAAAAA.js", "/console/app.js", "/console/.env", "/console/a%20b", "/consoles"]
    {
        nobody.get(path).await.refused(404, "NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_current_copy_of_the_console_is_304_and_only_reading_is_allowed() {
    let build = Build::new();
    let stack = build.stack().await;
    let nobody = stack.user().anonymous();

    for path in ["/console/", "/console/assets/index-B7hYx2_k.js"] {
        let tag = nobody.get(path).await.expect(200).header("etag").or_fail("ETag").to_owned();
        let again = nobody.request(Method::GET, path).header("if-none-match", &tag).send().await.expect(304);
        assert_eq!((again.body.len(), again.header("etag")), (0, Some(tag.as_str())));
        let head = nobody.request(Method::HEAD, path).send().await.expect(200);
        assert_eq!((head.body.len(), head.header("etag")), (0, Some(tag.as_str())));
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let refused = nobody.request(method, path).send().await.refused(405, "METHOD_NOT_ALLOWED");
            assert_eq!(refused.header("allow"), Some("GET, HEAD"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_of_the_consoles_folder_is_served() {
    let build = Build::new();
    symlink(build.path("secret.txt"), build.path("dist/link.txt")).or_fail("a link");
    symlink(&build.0, build.path("dist/up")).or_fail("a link");
    let stack = build.stack().await;

    let targets = [
        "/console/../secret.txt",
        "/console/%2e%2e/secret.txt",
        "/console/..%2fsecret.txt",
        "/console/assets/../../secret.txt",
        "/console//secret.txt",
        "/console/..\\secret.txt",
        "/console/%2fetc%2fpasswd",
        "/console/link.txt",
        "/console/up/secret.txt",
        "/console/secret.txt%00",
    ];
    for target in targets {
        let mut connection = RawConnection::open(stack.api(0).address()).await;
        connection.send(format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await;
        let answer = connection.read_to_end(Duration::from_secs(10)).await;
        assert!(answer.starts_with("HTTP/1.1 40") && !answer.contains("canary"), "{target}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_the_console_do_not_count_as_anonymous_requests() {
    let build = Build::new();
    let console = build.path("dist");
    let stack =
        Stack::builder().workers(0).api_env("CONSOLE_DIR", &console).api_env("ANONYMOUS_RATE", "2/300").start().await;
    let nobody = stack.user().anonymous();

    for _ in 0..6 {
        nobody.get(&format!("/console/{SCRIPT}")).await.expect(200);
    }

    nobody.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    nobody.get("/v1/session").await.refused(401, "UNAUTHENTICATED");
    nobody.get("/v1/session").await.refused(429, "RATE_LIMITED");
    nobody.get("/console/").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_without_a_console_stops_the_start_and_is_named() {
    let build = Build::new();
    let stack = Stack::builder().workers(0).start().await;
    stack.user().anonymous().get("/console/").await.refused(404, "NOT_FOUND");
    stack.api(0).kill().await;

    for wrong in [build.path("dist/assets"), build.path("gone"), build.path("dist/index.html")] {
        stack.api(0).set("CONSOLE_DIR", &wrong);
        let before = stack.api(0).log().len();
        stack.api(0).launch();
        let status = stack.api(0).wait_exit(WITHIN).await;

        let said = stack.api(0).log().split_off(before);
        assert!(!status.success() && said.contains("CONSOLE_DIR"), "{wrong}: {said}");
    }
}
