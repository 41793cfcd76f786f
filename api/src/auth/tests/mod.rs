//! Every line of the token list, against real signatures and a real key-set server.

mod key_server;

use std::sync::{Arc, Mutex};

use almanac_shared::platform::{
    clock::Clock,
    config::AuthSettings,
    error::Code,
    id::{JobId, UserId},
};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use poem::{Request, http::Method};
use secrecy::SecretString;
use serde_json::{Value, json};

use self::key_server::KeyServer;
use super::*;

const SECRET: &str = "a secret of thirty-two bytes or so";
const USER: &str = "7d9e7b5a-5a0f-4b63-9a53-0c1d2e3f4a5b";
const RSA: &[u8] = include_bytes!("rsa_one.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("rsa_one.pub.pem");
const EC: &[u8] = include_bytes!("ec_one.pem");
const EC_NEXT: &[u8] = include_bytes!("ec_two.pem");

/// A clock that stands until it is moved.
struct StillClock(Mutex<DateTime<Utc>>);

impl StillClock {
    fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct World {
    auth: Authenticator,
    clock: Arc<StillClock>,
}

impl World {
    fn new(jwks_url: Option<String>, issuer: Option<&str>) -> Self {
        // Another test may have installed it already; either way it is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Arc::new(StillClock(Mutex::new(DateTime::from_timestamp(NOW, 0).unwrap())));
        let settings = AuthSettings {
            jwt_secret: Some(SecretString::from(SECRET)),
            jwks_url,
            issuer: issuer.map(str::to_owned),
            audience: "authenticated".to_owned(),
            signing_keys: vec![[7; 32]],
        };
        Self { auth: Authenticator::new(&settings, clock.clone()).unwrap(), clock }
    }

    async fn bearer(&self, token: &str) -> Result<Verified, ApiError> {
        let request = Request::builder().header("authorization", format!("Bearer {token}")).finish();
        (*self.auth.identify(&request).await.outcome).clone()
    }
}

const NOW: i64 = 1_800_000_000;

fn claims() -> Value {
    json!({"sub": USER, "aud": "authenticated", "role": "authenticated", "exp": NOW + 3600})
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn hs256(claims: &Value) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

fn signed(algorithm: Algorithm, kid: Option<&str>, pem: &[u8], claims: &Value) -> String {
    let key = match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem).unwrap(),
        _ => EncodingKey::from_rsa_pem(pem).unwrap(),
    };
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
    encode(&header, claims, &key).unwrap()
}

fn user() -> UserId {
    USER.parse().unwrap()
}

#[tokio::test]
async fn each_claim_is_held_to_the_contract() {
    let world = World::new(None, None);
    let good = [
        ("plain", claims()),
        ("audience in a list", with(json!({"aud": ["other", "authenticated"]}))),
        ("expired within the leeway", with(json!({"exp": NOW - 29}))),
        ("valid soon, within the leeway", with(json!({"nbf": NOW + 30}))),
        ("any issuer when none is configured", with(json!({"iss": "https://anywhere"}))),
        ("metadata of another shape", with(json!({"app_metadata": {"role": ["admin"]}}))),
    ];
    let bad = [
        ("expired", with(json!({"exp": NOW - 30}))),
        ("no exp", without("exp")),
        ("exp as a float", with(json!({"exp": NOW as f64 + 3600.5}))),
        ("exp as text", with(json!({"exp": "1900000000"}))),
        ("exp beyond time", with(json!({"exp": i64::MAX}))),
        ("nbf in the future", with(json!({"nbf": NOW + 31}))),
        ("another audience", with(json!({"aud": "others"}))),
        ("audience in a list of others", with(json!({"aud": ["others"]}))),
        ("no audience", without("aud")),
        ("no sub", without("sub")),
        ("sub not a UUID", with(json!({"sub": "anna"}))),
        ("role anon", with(json!({"role": "anon"}))),
        ("no role", without("role")),
        ("role in a list", with(json!({"role": ["authenticated"]}))),
    ];

    for (name, claims) in good {
        let verified = world.bearer(&hs256(&claims)).await.expect(name);
        assert!(matches!(verified, Verified::User { user: found, is_admin: false, .. } if found == user()), "{name}");
    }
    for (name, claims) in bad {
        let error = world.bearer(&hs256(&claims)).await.expect_err(name);
        assert_eq!(error.code, Code::Unauthenticated, "{name}");
    }
}

#[tokio::test]
async fn an_issuer_is_compared_byte_for_byte() {
    let world = World::new(None, Some("https://id.example/auth"));

    for iss in [
        json!("https://id.example/auth/"),
        json!("HTTPS://id.example/auth"),
        json!(null),
        json!(["https://id.example/auth"]),
    ] {
        assert!(world.bearer(&hs256(&with(json!({"iss": iss})))).await.is_err(), "{iss}");
    }
    assert!(world.bearer(&hs256(&with(json!({"iss": "https://id.example/auth"})))).await.is_ok());
}

#[tokio::test]
async fn no_token_chooses_how_it_is_verified() {
    let server = KeyServer::start(&[("rsa", RSA, Algorithm::RS256), ("ec", EC, Algorithm::ES256)]).await;
    let world = World::new(Some(server.url()), None);
    let part =
        |value: Value| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, value.to_string());
    let confused = Header { kid: Some("rsa".to_owned()), ..Header::default() };
    let hs384 =
        encode(&Header::new(Algorithm::HS384), &claims(), &EncodingKey::from_secret(SECRET.as_bytes())).unwrap();
    let mut changed = hs256(&claims());
    changed.replace_range(changed.len() - 6..changed.len() - 3, "AAA");
    let own_key_set = part(json!({"alg": "RS256", "jku": format!("{}/evil", server.url()), "kid": "evil"}));
    let cases = [
        ("alg none", format!("{}.{}.", part(json!({"alg": "none", "typ": "JWT"})), part(claims()))),
        (
            "HS256 with the public key as secret",
            encode(&confused, &claims(), &EncodingKey::from_secret(RSA_PUBLIC)).unwrap(),
        ),
        ("another secret", encode(&Header::default(), &claims(), &EncodingKey::from_secret(b"other")).unwrap()),
        ("an algorithm that is not offered", hs384),
        ("a signature that was changed", changed),
        ("another family than its kid", signed(Algorithm::ES256, Some("rsa"), EC, &claims())),
        ("RS384 with an RS256 key", signed(Algorithm::RS384, Some("rsa"), RSA, &claims())),
        ("unknown kid", signed(Algorithm::ES256, Some("nobody"), EC, &claims())),
        ("a key set of its own", format!("{own_key_set}.{}.AAAA", part(claims()))),
        ("no token at all", "nonsense".to_owned()),
        ("far too long", "a".repeat(10_000)),
    ];

    for (name, token) in cases {
        let error = world.bearer(&token).await.expect_err(name);
        assert_eq!(error.code, Code::Unauthenticated, "{name}");
    }
    for token in [
        signed(Algorithm::ES256, Some("ec"), EC, &claims()),
        signed(Algorithm::ES256, None, EC, &claims()),
        signed(Algorithm::RS256, Some("rsa"), RSA, &claims()),
        hs256(&claims()),
    ] {
        assert!(world.bearer(&token).await.is_ok());
    }
    assert!(server.paths().iter().all(|path| path == "/keys"), "{:?}", server.paths());
}

#[tokio::test]
async fn a_rotated_key_is_fetched_once_a_minute_at_most() {
    let server = KeyServer::start(&[("ec", EC, Algorithm::ES256)]).await;
    let world = World::new(Some(server.url()), None);
    let (old, new) = (
        signed(Algorithm::ES256, Some("ec"), EC, &claims()),
        signed(Algorithm::ES256, Some("next"), EC_NEXT, &claims()),
    );
    assert!(world.bearer(&old).await.is_ok());

    server.serve(&[("next", EC_NEXT, Algorithm::ES256)]);
    assert!(world.bearer(&new).await.is_err(), "within the pause");
    assert_eq!(server.paths().len(), 1);
    world.clock.advance(TimeDelta::seconds(60));
    let outcomes = futures_util::future::join_all((0..20).map(|_| world.bearer(&new))).await;

    assert!(outcomes.iter().all(Result::is_ok));
    assert!(world.bearer(&old).await.is_err(), "a withdrawn key counts no more");
    assert_eq!(server.paths().len(), 2);
}

#[tokio::test]
async fn old_keys_are_kept_for_a_day_when_the_provider_is_away() {
    let server = KeyServer::start(&[("ec", EC, Algorithm::ES256)]).await;
    let world = World::new(Some(server.url()), None);
    let token = signed(Algorithm::ES256, Some("ec"), EC, &with(json!({"exp": NOW + 200_000})));
    assert!(world.bearer(&token).await.is_ok());

    server.fail();
    world.clock.advance(TimeDelta::minutes(11));
    assert!(world.bearer(&token).await.is_ok());
    assert!(world.bearer(&token).await.is_ok());
    assert_eq!(server.paths().len(), 2, "one failed renewal, then a pause");

    world.clock.advance(TimeDelta::hours(24));
    let error = world.bearer(&token).await.expect_err("too old");
    assert_eq!(error.code, Code::Unavailable);
    server.serve(&[("ec", EC, Algorithm::ES256)]);
    world.clock.advance(TimeDelta::seconds(5));
    assert!(world.bearer(&token).await.is_ok());
}

#[tokio::test]
async fn a_fetch_goes_on_for_everybody_when_whoever_asked_first_goes_away() {
    let server = KeyServer::start(&[("ec", EC, Algorithm::ES256)]).await;
    let world = Arc::new(World::new(Some(server.url()), None));
    let token = signed(Algorithm::ES256, Some("ec"), EC, &claims());
    server.hold();
    let (first, asking) = (world.clone(), token.clone());
    let first = tokio::spawn(async move { first.bearer(&asking).await });
    server.is_asked().await;

    first.abort();
    assert!(first.await.is_err_and(|error| error.is_cancelled()));
    server.release();

    assert!(world.bearer(&token).await.is_ok(), "admitted by the fetch of the one who left");
    assert_eq!(server.paths().len(), 1);
}

#[tokio::test]
async fn an_endless_key_set_is_given_up() {
    let server = KeyServer::start(&[]).await;
    server.serve_text("x".repeat(300 * 1024));
    let world = World::new(Some(server.url()), None);

    let error = world.bearer(&signed(Algorithm::ES256, Some("ec"), EC, &claims())).await.expect_err("no keys");

    assert_eq!(error.code, Code::Unavailable);
    assert!(world.bearer(&hs256(&claims())).await.is_ok(), "the secret needs no key set");
}

async fn identify(world: &World, method: Method, path: &str, headers: &[(&str, String)]) -> Request {
    let uri = path.parse().unwrap();
    let mut builder = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        builder = builder.header(*name, value);
    }
    let mut request = builder.finish();
    let identity = world.auth.identify(&request).await;
    request.set_data(identity);
    request
}

#[tokio::test]
async fn a_service_key_counts_on_admin_routes_only() {
    let world = World::new(None, Some("https://id.example"));
    let service = json!({"role": "service_role", "iss": "supabase", "exp": NOW + 60});
    let admin = with(json!({"iss": "https://id.example", "app_metadata": {"role": "admin"}}));
    let person = with(json!({"iss": "https://id.example"}));
    let table = [
        (service, Err(Code::Unauthenticated), Ok(())),
        (admin, Ok(()), Ok(())),
        (person, Ok(()), Err(Code::Forbidden)),
        (with(json!({"exp": 1})), Err(Code::Unauthenticated), Err(Code::Unauthenticated)),
    ];

    for (claims, as_caller, as_admin) in table {
        let headers = [("authorization", format!("Bearer {}", hs256(&claims)))];
        let request = identify(&world, Method::GET, "/v1/admin/jobs", &headers).await;
        assert_eq!(Caller::of(&request).map(drop).map_err(|error| error.code), as_caller, "{claims}");
        assert_eq!(Admin::of(&request).map(drop).map_err(|error| error.code), as_admin, "{claims}");
    }
}

#[tokio::test]
async fn a_session_cookie_needs_our_own_script_to_change_things() {
    let world = World::new(None, None);
    let cookie = ("cookie", format!("theme=dark; almanac_session={}; x=y", hs256(&claims())));
    let ajax = |value: &str| ("x-requested-with", value.to_owned());
    let cases = [
        (Method::GET, vec![cookie.clone()], Ok(())),
        (Method::POST, vec![cookie.clone()], Err(Code::CsrfRequired)),
        (Method::DELETE, vec![cookie.clone(), ajax("xmlhttprequest")], Err(Code::CsrfRequired)),
        (Method::POST, vec![cookie.clone(), ajax("XMLHttpRequest")], Ok(())),
        (Method::GET, vec![("cookie", "almanac_session=".to_owned())], Err(Code::Unauthenticated)),
        (Method::GET, vec![cookie.clone(), ("authorization", "Bearer x".to_owned())], Err(Code::Unauthenticated)),
        (Method::GET, vec![cookie.clone(), ("authorization", "Basic x".to_owned())], Err(Code::Unauthenticated)),
        (Method::GET, vec![("authorization", format!("bearer {}", hs256(&claims())))], Ok(())),
    ];

    for (method, headers, expected) in cases {
        let request = identify(&world, method.clone(), "/v1/jobs", &headers).await;
        assert_eq!(Caller::of(&request).map(drop).map_err(|error| error.code), expected, "{method} {headers:?}");
    }
}

#[tokio::test]
async fn a_request_for_another_user_is_refused_and_is_not_anonymous() {
    let world = World::new(None, None);
    let bearer = ("authorization", format!("Bearer {}", hs256(&claims())));
    let cookie = ("cookie", format!("almanac_session={}", hs256(&claims())));
    let service = ("authorization", format!("Bearer {}", hs256(&json!({"role": "service_role", "exp": NOW + 60}))));
    let expected = |user: &str| ("x-expected-user", user.to_owned());
    let other = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let cases = [
        (vec![bearer.clone(), expected(USER)], Ok(())),
        (vec![cookie.clone(), expected(&USER.to_uppercase())], Ok(())),
        (vec![bearer.clone(), expected(other)], Err(Code::OtherUser)),
        (vec![cookie.clone(), expected(other)], Err(Code::OtherUser)),
        (vec![cookie.clone(), expected("")], Err(Code::OtherUser)),
        (vec![cookie, expected(USER), expected(other)], Err(Code::OtherUser)),
        (vec![service, expected(USER)], Err(Code::OtherUser)),
        (vec![expected(USER)], Err(Code::Unauthenticated)),
    ];

    for (headers, allowed) in cases {
        let request = identify(&world, Method::GET, "/v1/admin/jobs", &headers).await;
        let outcome = Admin::of(&request).map(drop).map_err(|error| error.code);
        let outcome =
            if allowed.is_ok() { Caller::of(&request).map(drop).map_err(|error| error.code) } else { outcome };
        assert_eq!(outcome, allowed, "{headers:?}");
        let is_anonymous = request.data::<Identity>().unwrap().is_anonymous();
        assert_eq!(is_anonymous, allowed == Err(Code::Unauthenticated), "{headers:?}");
    }
}

#[tokio::test]
async fn a_ticket_spares_its_follower_the_anonymous_bucket_and_nothing_else() {
    let world = World::new(None, None);
    let job = JobId::fresh();
    let ticket = world.auth.tickets().mint(user(), job, world.clock.now()).ticket;
    let anonymous = async |method: Method, path: String| {
        let request = identify(&world, method, &path, &[]).await;
        assert!(Caller::of(&request).is_err(), "{path}");
        request.data::<Identity>().unwrap().is_anonymous()
    };

    assert!(!anonymous(Method::GET, format!("/v1/jobs/{job}/events?after=1&ticket={ticket}")).await);
    assert!(anonymous(Method::GET, format!("/v1/jobs/{job}?ticket={ticket}")).await);
    assert!(anonymous(Method::POST, format!("/v1/jobs/{job}/events?ticket={ticket}")).await);
    assert!(anonymous(Method::GET, format!("/v1/jobs/{job}/events?ticket=forged")).await);
}

#[tokio::test]
async fn a_minted_token_is_one_of_ours() {
    let world = World::new(None, Some("https://id.example"));
    let request = token::TokenRequest {
        sub: Some(user()),
        role: "authenticated",
        ttl: TimeDelta::hours(1),
        audience: "authenticated",
        issuer: Some("https://id.example"),
    };

    let token = token::mint_hs256(&SecretString::from(SECRET), &request, world.clock.now()).unwrap();

    // With the seconds by which clocks may differ.
    let expires_at = world.clock.now() + TimeDelta::hours(1) + TimeDelta::seconds(30);
    assert_eq!(
        world.bearer(&token).await.unwrap(),
        Verified::User { user: user(), email: None, is_admin: false, expires_at }
    );
}
