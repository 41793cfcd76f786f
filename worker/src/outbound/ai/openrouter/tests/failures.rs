//! Calls that fail: refused, broken, silent, flooded, empty.

use super::*;

#[tokio::test]
async fn each_refusal_before_the_stream_has_its_kind_and_code() {
    let table = [
        (400, AiErrorKind::Rejected, Code::ProviderRejected),
        (401, AiErrorKind::Auth, Code::ProviderAuth),
        (402, AiErrorKind::Quota, Code::ProviderAuth),
        (403, AiErrorKind::Policy, Code::ProviderRejected),
        (307, AiErrorKind::Rejected, Code::ProviderRejected),
        (408, AiErrorKind::Transient, Code::ProviderTimeout),
        (429, AiErrorKind::RateLimited, Code::ProviderRateLimited),
        (500, AiErrorKind::Transient, Code::ProviderError),
        (503, AiErrorKind::Transient, Code::ProviderError),
    ];

    for (status, kind, code) in table {
        let body = json!({"error": {"code": status, "message": "no, anna@example.com"}}).to_string();
        let head = format!(
            "HTTP/1.1 {status} x\r\nlocation: /v1/chat/completions\r\nx-request-id: req-1\r\nretry-after: 3\r\n"
        );
        let addr = answering(format!("{head}content-length: {}\r\n\r\n{body}", body.len())).await;

        let error = failure(addr).await;

        assert_eq!((error.kind, error.code(), error.status), (kind, code, Some(status)));
        assert_eq!(
            (error.provider_ref.as_ref().map(Word::as_str), error.retry_after),
            (Some("req-1"), Some(Duration::from_secs(3)))
        );
        assert!(error.excerpt.unwrap().as_str().contains("no, [redacted]"));
    }
}

#[tokio::test]
async fn a_refusal_whose_body_never_comes_is_told_by_its_status() {
    let adapter = adapter(hanging_after("HTTP/1.1 503 x\r\ncontent-length: 10\r\n\r\n").await);
    let mut request = request();
    request.deadline = Instant::now() + Duration::from_secs(1);

    let (told, _) = told_by(&adapter, request).await;

    assert_eq!(told.end, Err(AiErrorKind::Transient));
}

#[tokio::test]
async fn the_key_is_in_no_error_even_when_the_provider_repeats_it() {
    let refused = answering(format!("HTTP/1.1 401 x\r\nconnection: close\r\n\r\nbad key {KEY}, Bearer {KEY}")).await;
    let inside = answering(stream_of(&format!("data: {{\"error\":{{\"message\":\"{KEY}\"}}}}\n\n"))).await;
    let garbage = answering(stream_of(&format!("data: {KEY}\n\n"))).await;

    for addr in [refused, inside, garbage] {
        let error = failure(addr).await;
        assert!(error.excerpt.as_ref().is_some_and(|excerpt| excerpt.as_str().contains("[redacted]")), "{error:?}");
        assert!(!format!("{error:?} {error} {} {:?}", error.detail(), adapter(addr)).contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn an_error_chunk_inside_200_ends_the_call_and_keeps_what_was_made() {
    let error = r#"{"id":"gen-1","error":{"code":502,"message":"gone"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#;
    let addr = answering(stream_of(&format!("{}data: {error}\n\n", chunk(&CARDS[..36])))).await;

    let (told, error) = call_with(addr, request()).await;

    assert_eq!(told, Told { fronts: vec!["A1".to_owned()], end: Err(AiErrorKind::InStream) });
    let error = error.unwrap();
    assert_eq!((error.status, error.retryable(), error.retryable_at_once()), (Some(502), true, false));
    assert_eq!(error.usage.unwrap().items.kept, 1);
}

#[tokio::test]
async fn a_stream_cut_at_any_byte_yields_a_prefix_and_finishes_only_when_it_was_whole() {
    let body = format!("{}{}{}data: [DONE]\n\n", chunk(&CARDS[..30]), chunk(&CARDS[30..]), end());
    // The line that says "stop" counts as soon as its JSON is whole.
    let whole_from = body.find("\"stop\"").unwrap() + body[body.find("\"stop\"").unwrap()..].find('\n').unwrap();

    let (served, cuts) = (body.clone(), std::sync::atomic::AtomicUsize::new(0));
    let addr = serve(move |mut socket, _| {
        let response = stream_of(&served[..cuts.fetch_add(1, std::sync::atomic::Ordering::Relaxed)]);
        async move { socket.write_all(response.as_bytes()).await.unwrap() }
    })
    .await;
    let adapter = adapter(addr);

    for cut in 0..=body.len() {
        let told = told_by(&adapter, request()).await.0;
        let all = ["A1", "B1"];
        assert_eq!(told.fronts, all[..told.fronts.len()], "cut at {cut}");
        match told.end {
            Ok(_) => assert!(cut >= whole_from, "finished though cut at {cut}"),
            Err(kind) => {
                assert_eq!(kind, AiErrorKind::Truncated, "cut at {cut}");
                assert!(cut < whole_from, "not finished though cut at {cut}");
            }
        }
    }
}

#[tokio::test]
async fn a_chunked_response_without_its_last_chunk_is_truncated() {
    let content = chunk(CARDS);
    let addr =
        answering(format!("{STREAM_HEAD}transfer-encoding: chunked\r\n\r\n{:x}\r\n{content}\r\n", content.len())).await;

    let told = call(addr).await;

    assert_eq!((told.fronts.len(), told.end), (2, Err(AiErrorKind::Truncated)));
}

/// A head, maybe a comment or a chunk without content, then nothing more.
#[tokio::test]
async fn silence_before_the_first_content_ends_by_the_deadline_alone() {
    let role = chunk("");
    let silent = hanging_after("").await;
    let after_head = hanging_after("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hi\n\n").await;
    let after_role = hanging_after(stream_of(&role).leak()).await;

    for adapter in [silent, after_head, after_role].map(adapter) {
        let mut request = request();
        request.idle = Duration::from_millis(5);
        request.deadline = Instant::now() + Duration::from_millis(100);
        let (told, error) = told_by(&adapter, request).await;
        assert_eq!(told.end, Err(AiErrorKind::Timeout));
        assert!(error.unwrap().elapsed >= Duration::from_millis(90));
    }
}

#[tokio::test]
async fn silence_after_the_first_content_ends_by_the_idle_time_and_a_short_deadline_comes_first() {
    let adapter = adapter(hanging_after(stream_of(&chunk(&CARDS[..36])).leak()).await);

    let mut idle = request();
    idle.idle = Duration::from_millis(50);
    let (told, _) = told_by(&adapter, idle).await;
    assert_eq!((told.fronts.len(), told.end), (1, Err(AiErrorKind::Idle)));

    let mut late = request();
    late.deadline = Instant::now() + Duration::from_millis(50);
    let (told, error) = told_by(&adapter, late).await;
    assert_eq!(told.end, Err(AiErrorKind::Timeout));
    assert!(error.unwrap().elapsed >= Duration::from_millis(40));
}

#[tokio::test]
async fn comments_after_the_first_content_are_signs_of_life() {
    let content = stream_of(&chunk(&CARDS[..36]));
    let addr = serve(move |mut socket, _| {
        let content = content.clone();
        async move {
            let _ = socket.write_all(content.as_bytes()).await;
            let mut beat = tokio::time::interval(Duration::from_millis(5));
            for _ in 0..60 {
                beat.tick().await;
                let _ = socket.write_all(b": still here\n").await;
            }
            let _ = socket.write_all(format!("{}{}", chunk(&CARDS[36..]), end()).as_bytes()).await;
        }
    })
    .await;
    let mut request = request();
    request.idle = Duration::from_millis(200);

    assert_eq!(call_with(addr, request).await.0.fronts, ["A1", "B1"]);
}

#[tokio::test]
async fn a_provider_that_repeats_the_prompt_is_quoted_without_it() {
    let prompt = Task::Flashcards.prompt("v1").unwrap().text();
    let body = json!({"error": {"code": 400, "message": format!("bad: {}", json!({"content": prompt}))}}).to_string();
    let refused = answering(format!(
        "HTTP/1.1 400 x\r\nx-request-id: {}\r\nconnection: close\r\n\r\n{body}",
        prompt.split_whitespace().take(20).collect::<String>()
    ))
    .await;
    let inside = answering(stream_of(&format!("data: {body}\n\n"))).await;
    let garbage = answering(stream_of(&format!("data: {}\n\n", prompt.replace('\n', " ")))).await;
    let prose =
        answering(stream_of(&format!("{}{}data: [DONE]\n\n", chunk(&format!("My rules: {prompt}")), end()))).await;

    for addr in [refused, inside, garbage, prose] {
        let error = failure(addr).await;
        let excerpt = error.excerpt.clone().unwrap();
        assert!(excerpt.as_str().contains("[…]") && excerpt.as_str().chars().count() <= 500, "{error:?}");
        assert!(!format!("{error:?} {error} {}", error.detail()).contains("You write flashcards"), "{error:?}");
        assert!(error.usage.is_none_or(|usage| usage.items.echoed == 1));
    }
}

#[tokio::test]
async fn a_drip_does_not_outlive_the_deadline() {
    let addr = serve(|mut socket, _| async move {
        let _ = socket.write_all(stream_of("").as_bytes()).await;
        let mut beat = tokio::time::interval(Duration::from_millis(5));
        while socket.write_all(b": still here\n").await.is_ok() {
            beat.tick().await;
        }
    })
    .await;
    let mut request = request();
    request.deadline = Instant::now() + Duration::from_millis(150);
    request.idle = Duration::from_millis(100);

    assert_eq!(call_with(addr, request).await.0.end, Err(AiErrorKind::Timeout));
}

#[tokio::test]
async fn floods_are_cut_off() {
    let flood = |head: String, piece: String| {
        serve(move |mut socket, _| {
            let (head, piece) = (head.clone(), piece.clone());
            async move {
                let _ = socket.write_all(head.as_bytes()).await;
                while socket.write_all(piece.as_bytes()).await.is_ok() {}
            }
        })
    };
    let line_without_end = flood(stream_of("data: "), "x".repeat(65_536)).await;
    let endless_answer = flood(stream_of(&chunk(&CARDS[..36])), chunk(&"x".repeat(16_384))).await;
    let endless_json =
        flood("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".to_owned(), "[".repeat(65_536)).await;

    assert_eq!(call(line_without_end).await.end, Err(AiErrorKind::TooLarge));
    assert_eq!(call(endless_json).await.end, Err(AiErrorKind::TooLarge));
    let told = call(endless_answer).await;
    assert_eq!((told.fronts.len(), told.end), (1, Err(AiErrorKind::TooLarge)));
}

#[tokio::test]
async fn an_answer_without_items_is_an_error_that_says_which() {
    let table = [
        (r#"{"items":[]}"#, "stop", AiErrorKind::EmptyOutput),
        ("", "stop", AiErrorKind::EmptyOutput),
        ("I would rather not.", "stop", AiErrorKind::InvalidOutput),
        (r#"{"items":[{"front":"A"#, "length", AiErrorKind::Truncated),
        ("", "content_filter", AiErrorKind::Policy),
        ("", "error", AiErrorKind::InStream),
    ];

    for (text, reason, kind) in table {
        let finish = json!({"choices": [{"delta": {}, "finish_reason": reason}]});
        let addr = answering(stream_of(&format!("{}data: {finish}\n\ndata: [DONE]\n\n", chunk(text)))).await;
        let (told, error) = call_with(addr, request()).await;
        assert_eq!(told.end, Err(kind), "{text} {reason}");
        let excerpt = error.unwrap().excerpt;
        assert_eq!(excerpt.as_ref().map(|excerpt| excerpt.as_str()), Some(text).filter(|text| !text.is_empty()));
    }
}

#[tokio::test]
async fn no_server_and_a_lost_connection_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let resetting = serve(|socket, _| async move {
        // SO_LINGER of zero makes the close a reset.
        socket.set_zero_linger().unwrap();
    })
    .await;
    let closing = answering("").await;

    assert_eq!(call(nobody).await.end, Err(AiErrorKind::Connect));
    assert_eq!(call(resetting).await.end, Err(AiErrorKind::Reset));
    assert_eq!(call(closing).await.end, Err(AiErrorKind::Reset));
}

#[tokio::test]
async fn a_key_or_a_url_that_cannot_be_used_is_refused_at_start() {
    let client = || http::client().unwrap();

    assert!(OpenRouter::new(client(), "ftp://host/v1", None).is_err());
    assert!(OpenRouter::new(client(), "host/v1", None).is_err());
    let error = OpenRouter::new(client(), "http://host/v1", Some("two\nlines".into())).unwrap_err();
    assert!(!format!("{error:?}").contains("two"));
}

#[tokio::test]
async fn a_call_whose_deadline_has_passed_opens_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut late = request();
    late.deadline = Instant::now();

    let (told, _) = call_with(listener.local_addr().unwrap(), late).await;

    assert_eq!(told.end, Err(AiErrorKind::Timeout));
    assert!(listener.accept().is_err());
}
