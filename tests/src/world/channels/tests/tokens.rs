//! Token endpoints: which tokens they renew, and what becomes of the old ones.

use super::*;

async fn answered(request: RequestBuilder) -> (u16, Value) {
    let answer = sent(request).await;
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn tiktok_uses_a_refresh_token_up() {
    let client = Client::new().await;
    let creator = client.channels().account(Site::Tiktok);
    let first = creator.refresh_token.clone().expect("a refresh token");
    let [key, secret] = TIKTOK_APP;
    let refresh = |token: &str, secret: &str| {
        let fields =
            [("client_key", key), ("client_secret", secret), ("grant_type", "refresh_token"), ("refresh_token", token)];
        client.post_form("/tiktok/v2/oauth/token/", &fields)
    };

    let (_, granted) = answered(refresh(&first, secret)).await;
    let stale = answered(refresh(&first, secret)).await;

    assert_eq!((stale.0, &stale.1["error"]), (400, &json!("invalid_grant")));
    assert_eq!(answered(refresh(&first, "wrong")).await.1["error"], "invalid_client");
    assert_eq!(granted["open_id"], json!(creator.account));
    let next = granted["refresh_token"].as_str().expect("a refresh token");
    assert_ne!(next, first);
    assert_eq!(status(refresh(next, secret)).await, 200);
    assert_eq!(client.channels().refreshes(&creator.account), Refreshes { granted: 2, stale: 1 });
    let seen = format!("{:?}", client.channels().ledger().exchanges());
    assert!(!seen.contains(&first) && !seen.contains(secret), "the ledger holds no secret");
}

#[tokio::test]
async fn google_keeps_a_refresh_token() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    let token = channel.refresh_token.clone().expect("a refresh token");
    let [id, secret] = GOOGLE_APP;
    let fields =
        [("client_id", id), ("client_secret", secret), ("grant_type", "refresh_token"), ("refresh_token", &*token)];
    let refresh = || client.post_form("/youtube/token", &fields);
    client.channels().expire(&channel.account);

    let (first, second) = (answered(refresh()).await, answered(refresh()).await);

    assert_eq!((first.0, second.0), (200, 200));
    assert!(first.1["refresh_token"].is_null(), "{}", first.1);
    let renewed = first.1["access_token"].as_str().expect("a token");
    assert!(client.channels().is_valid_token(renewed) && !client.channels().is_valid_token(&channel.access_token));
    client.channels().revoke(&channel.account);
    assert_eq!(
        answered(refresh()).await,
        (400, json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." }))
    );
}

#[tokio::test]
async fn instagram_exchanges_a_token_that_is_a_day_old() {
    let client = Client::new().await;
    let account = client.channels().account(Site::Instagram);
    let refresh = |token: &str| {
        let path = format!("/instagram/refresh_access_token?grant_type=ig_refresh_token&access_token={token}");
        client.request(Method::GET, &path)
    };

    let (code, granted) = answered(refresh(&account.access_token)).await;

    let next = granted["access_token"].as_str().expect("a token");
    assert_eq!((code, &granted["expires_in"]), (200, &json!(5_184_000)));
    assert!(client.channels().is_valid_token(&account.access_token) && client.channels().is_valid_token(next));
    assert_eq!(status(refresh(next)).await, 400, "it is too young");
    client.channels().set_token_age(&account.account, Duration::from_secs(90_000));
    assert_eq!(status(refresh(next)).await, 200);
    client.channels().expire(&account.account);
    assert_eq!(answered(refresh(next)).await.1["error"]["code"], 190);
}

#[tokio::test]
async fn instagram_by_facebook_exchanges_a_token_as_facebook_does() {
    let client = Client::new().await;
    let account = client.channels().instagram_by_facebook();
    let [id, secret] = FACEBOOK_APP;
    let exchange = |secret: &str| {
        let path = format!(
            "/instagram/v23.0/oauth/access_token?grant_type=fb_exchange_token&client_id={id}&client_secret={secret}\
             &fb_exchange_token={}",
            account.access_token
        );
        client.request(Method::GET, &path)
    };

    assert_eq!(status(exchange(secret)).await, 200);
    assert_eq!(status(exchange("wrong")).await, 400);
    assert_eq!(account.body()["login"], "facebook");
}

#[tokio::test]
async fn a_token_expires_by_script_and_the_next_one_is_taken() {
    let client = Client::new().await;
    let channel = client.channels().account(Site::Youtube);
    client.channels().play(&channel.account, Step::Read, [Script::ExpireToken, Script::Ok]);
    let read =
        |token: &str| client.request(Method::GET, "/youtube/youtube/v3/channels?part=id&mine=true").bearer_auth(token);

    assert_eq!(answered(read(&channel.access_token)).await.1["error"]["errors"][0]["reason"], "authError");
    assert_eq!(status(read(&channel.access_token)).await, 401, "it stays expired");
    let renewed = client.channels().grant_access(&channel.account);
    assert_eq!(status(read(&renewed)).await, 200);
}
