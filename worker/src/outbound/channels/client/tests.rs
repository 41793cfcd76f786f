//! What becomes of a request when its server, its connection or its time fails.

use super::{super::vendor::*, *};

async fn publish(vendor: &Vendor, budget: SendBudget) -> Result<Answer, Fault> {
    client().publish(&post_request(vendor), &token(), budget).await
}

fn is_not_sent(fault: Fault, reason: &str) {
    let Sent::NotSent { error, proof } = fault.sent() else { panic!("{fault:?}") };
    assert_eq!(proof, json!({"reason": reason, "bodySent": "no"}));
    assert_eq!(error.class, ErrorClass::Transient);
}

fn is_unknown(fault: Fault, reason: &str) {
    assert_eq!(fault.sent(), Sent::Unknown { why: json!({"reason": reason, "bodySent": "maybe"}) });
}

#[tokio::test]
async fn a_request_arrives_whole_with_its_token_in_a_header() {
    let vendor = Vendor::start([json(200, json!({"id": 7412345678901234567_u64}))]).await;

    let answer = publish(&vendor, budget()).await.unwrap();

    assert_eq!((answer.status, answer.body["id"].as_u64()), (200, Some(7412345678901234567)));
    let seen = vendor.seen();
    assert_eq!(seen[0].line(), "POST /feed HTTP/1.1");
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!((seen[0].header("content-length"), seen[0].header("transfer-encoding")), (Some("16"), None));
    assert_eq!(seen[0].json(), json!({"message": "hi"}));
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    is_not_sent(publish(&Vendor::gone().await, budget()).await.unwrap_err(), "no_connection");
}

#[tokio::test]
async fn after_the_budget_no_request_is_complete_at_the_server() {
    let vendor = Vendor::start([json(200, json!({}))]).await;

    let fault = publish(&vendor, SendBudget::until(Instant::now())).await.unwrap_err();

    is_not_sent(fault, "send_budget_spent");
    publish(&vendor, budget()).await.unwrap();
    assert_eq!(vendor.seen().len(), 1);
}

#[tokio::test]
async fn a_time_out_and_a_lost_connection_leave_the_outcome_unknown() {
    let vendor = Vendor::start([Act::Hang, Act::Close]).await;

    is_unknown(publish(&vendor, budget()).await.unwrap_err(), "timeout");
    is_unknown(publish(&vendor, budget()).await.unwrap_err(), "connection_lost");
    assert_eq!(vendor.seen().len(), 2, "no request is sent twice");
}

#[tokio::test]
async fn a_server_that_accepts_no_connection_gets_nothing() {
    // TLS with a server that never answers the handshake.
    let vendor = Vendor::start([]).await;
    let mut request = post_request(&vendor);
    request.url = request.url.replace("http:", "https:");

    let fault = client().publish(&request, &token(), budget()).await.unwrap_err();

    assert!(!fault.has_left, "{fault:?}");
    assert!(vendor.seen().is_empty());
}

#[tokio::test]
async fn an_answer_is_cut_at_its_bound_and_kept_if_its_body_ends_early() {
    let head = "HTTP/1.1 201 Created\r\nx-restli-id: urn:li:share:1\r\ncontent-length: 99\r\n\r\n".to_owned();
    let early = Act::Answer(head, Bytes::from_static(b"{"));
    let vendor = Vendor::start([answer(500, "", vec![b'x'; 2 * MAX_ANSWER]), early]).await;

    assert_eq!(publish(&vendor, budget()).await.unwrap().status, 500);
    let answer = publish(&vendor, budget()).await.unwrap();
    assert_eq!((answer.status, answer.headers["x-restli-id"].to_str().unwrap()), (201, "urn:li:share:1"));
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_an_error_of_the_credentials() {
    let vendor = Vendor::start([]).await;
    let fault = client().publish(&post_request(&vendor), &SecretString::from("a\nb"), budget()).await.unwrap_err();
    let error = ChannelError::from(fault);
    assert_eq!((error.class, error.code, fault.has_left), (ErrorClass::Auth, Code::ChannelAuthInvalid, false));
}
