//! Token endpoints.

use almanac_shared::publishing::Channel;
use serde_json::Value;

use super::{Answered, World, client};

async fn post_form(world: &World, channel: Channel, path: &str, form: &str) -> (u16, Value) {
    let request = client().post(format!("{}{path}", world.sandbox.base_url(channel)));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
    let answered = Answered::of(request).await;
    (answered.status.as_u16(), answered.body)
}

#[tokio::test]
async fn a_refresh_token_of_tiktok_is_used_up() {
    let world = World::new("token-tiktok").await;
    let form = |token: &str| format!("client_key=k&client_secret=s&grant_type=refresh_token&refresh_token={token}");
    let refresh = async |token: &str| post_form(&world, Channel::Tiktok, "/v2/oauth/token/", &form(token)).await;

    let (status, first) = refresh("r1").await;

    assert_eq!((status, &first["refresh_expires_in"]), (200, &15_552_000.into()));
    let (status, again) = refresh("r1").await;
    assert_eq!((status, &again["error"]), (400, &"invalid_grant".into()));
    let (status, second) = refresh(first["refresh_token"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    assert_ne!(second["access_token"], first["access_token"]);
    let (_, wrong) =
        post_form(&world, Channel::Tiktok, "/v2/oauth/token/", &form("").replace("&refresh_token=", "")).await;
    assert_eq!(wrong["error"], "invalid_request");
}

#[tokio::test]
async fn a_refresh_token_of_google_stays() {
    let world = World::new("token-google").await;
    let form = "client_id=k&client_secret=s&grant_type=refresh_token&refresh_token=r";
    for _ in 0..2 {
        let (status, body) = post_form(&world, Channel::Youtube, "/token", form).await;
        assert_eq!((status, body.get("refresh_token")), (200, None));
        assert!(body["access_token"].is_string() && body["expires_in"] == 3_599, "{body}");
    }
    let without = "client_id=k&grant_type=refresh_token&refresh_token=r";
    let (status, body) = post_form(&world, Channel::Youtube, "/token", without).await;
    assert_eq!((status, &body["error"]), (401, &"invalid_client".into()));
}

#[tokio::test]
async fn tokens_of_both_logins_of_instagram_are_extended() {
    let world = World::new("token-instagram").await;
    let base_url = world.sandbox.base_url(Channel::Instagram);
    let get = async |path: &str| Answered::of(client().get(format!("{base_url}/{path}"))).await;

    for path in [
        "refresh_access_token?grant_type=ig_refresh_token&access_token=t",
        "v23.0/oauth/access_token?grant_type=fb_exchange_token&client_id=i&client_secret=s&fb_exchange_token=t",
        "oauth/access_token?grant_type=fb_exchange_token&client_id=i&client_secret=s&fb_exchange_token=t",
    ] {
        let body = get(path).await.ok();
        assert_eq!(body["expires_in"], 5_184_000, "{path}");
        assert_ne!(body["access_token"], "t");
    }
    assert_eq!(get("refresh_access_token?grant_type=ig_refresh_token").await.graph_error(), (190, None));
    assert_eq!(
        get("oauth/access_token?grant_type=fb_exchange_token&fb_exchange_token=t").await.graph_error(),
        (101, None)
    );
}
