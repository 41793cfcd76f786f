//! Calls that get an answer, in all the forms answers take.

use super::*;

#[tokio::test]
async fn a_call_sends_one_request_and_tells_its_items_usage_and_cost() {
    let (sent, mut received) = mpsc::unbounded_channel();
    let body = format!(
        ": OPENROUTER PROCESSING\r\n\r\n{}{}{}data: [DONE]\n\n",
        chunk(&CARDS[..20]),
        chunk(&CARDS[20..]),
        end()
    );
    let addr = serve(move |mut socket, request| {
        let (sent, body) = (sent.clone(), body.clone());
        async move {
            sent.send(request).unwrap();
            socket.write_all(stream_of(&body).as_bytes()).await.unwrap();
        }
    })
    .await;

    let events: Vec<_> = adapter(addr).call(request()).map(|event| event.unwrap()).collect().await;

    let [AiEvent::Started { provider_ref }, AiEvent::Item(_), AiEvent::Item(_), AiEvent::Finished(usage)] = &events[..]
    else {
        panic!("unexpected events: {events:?}")
    };
    assert_eq!(provider_ref.as_ref().map(Word::as_str), Some("gen-1"));
    assert_eq!((usage.tokens_input, usage.tokens_output), (Some(11), Some(22)));
    assert_eq!((usage.cost_usd.as_deref(), usage.model.as_ref().map(Word::as_str)), (Some("0.00095"), Some("x/y")));
    let finish_reason = usage.finish_reason.as_ref().map(Word::as_str);
    assert_eq!((finish_reason, usage.items.kept, &usage.excerpt), (Some("stop"), 2, &None));

    let sent = received.recv().await.unwrap();
    assert!(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{sent}");
    assert!(sent.contains(&format!("authorization: Bearer {KEY}\r\n")));
    assert!(sent.contains("traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"));
    assert!(sent.contains(r#""stream":true"#) && !sent.contains("require_parameters"));
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_missing_done_is_fine_after_a_finish_reason() {
    let closed = answering(stream_of(&format!("{}{}", chunk(CARDS), end()))).await;
    let silent = serve(|mut socket, _| async move {
        let _ = socket.write_all(stream_of(&format!("{}{}", chunk(CARDS), end())).as_bytes()).await;
        let _ = socket.read(&mut [0]).await;
    })
    .await;
    let mut patient = request();
    patient.idle = Duration::from_millis(50);

    for told in [call(closed).await, call_with(silent, patient).await.0] {
        assert_eq!((told.fronts.len(), told.end.unwrap().tokens_output), (2, Some(22)));
    }
}

#[tokio::test]
async fn usage_may_share_a_chunk_with_the_last_words() {
    let last = r#"{"choices":[{"delta":{"content":"}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}"#;
    let addr =
        answering(stream_of(&format!("{}data: {last}\n\ndata: [DONE]\n\n", chunk(&CARDS[..CARDS.len() - 1])))).await;

    let usage = call(addr).await.end.unwrap();

    assert_eq!((usage.tokens_input, usage.tokens_output, usage.cost_usd), (Some(1), Some(2), None));
}

#[tokio::test]
async fn fenced_json_with_prose_around_it_gives_its_items() {
    let text = format!("Sure! Here are your cards:\n```json\n{CARDS}\n```\nEnjoy {{them}}.");
    let pieces: String = text.chars().map(|char| chunk(&char.to_string())).collect();
    let addr = answering(stream_of(&format!("{pieces}{}data: [DONE]\n\n", end()))).await;

    assert_eq!(call(addr).await.fronts, ["A1", "B1"]);
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_read_all_the_same() {
    let body = json!({"id": "c-1", "choices": [{"message": {"content": CARDS}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4}});
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n\r\n";
    let whole = answering(format!("{head}{body}")).await;
    let error = answering(format!("{head}{}", json!({"error": {"code": 402, "message": "no credits"}}))).await;
    let cut = answering(format!("{head}{}", &body.to_string()[..40])).await;

    assert_eq!(call(whole).await.fronts, ["A1", "B1"]);
    assert_eq!(call(error).await.end, Err(AiErrorKind::Quota));
    assert_eq!(call(cut).await.end, Err(AiErrorKind::Truncated));
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let (closed, mut seen) = mpsc::unbounded_channel();
    let addr = serve(move |mut socket, _| {
        let closed = closed.clone();
        async move {
            socket.write_all(stream_of(&chunk(&CARDS[..36])).as_bytes()).await.unwrap();
            let end = socket.read(&mut [0]).await;
            closed.send(matches!(end, Ok(0) | Err(_))).unwrap();
        }
    })
    .await;
    let mut stream = adapter(addr).call(request());
    assert!(matches!(stream.next().await, Some(Ok(AiEvent::Started { .. }))));
    assert!(matches!(stream.next().await, Some(Ok(AiEvent::Item(_)))));

    drop(stream);

    assert_eq!(seen.recv().await, Some(true));
}

#[tokio::test]
async fn items_of_one_read_are_ready_together() {
    let addr = answering(stream_of(&format!("{}{}data: [DONE]\n\n", chunk(CARDS), end()))).await;

    let bursts: Vec<usize> = adapter(addr).call(request()).ready_chunks(64).map(|burst| burst.len()).collect().await;

    // Started and both items came in one chunk, so no burst may part them.
    assert!(bursts[0] >= 3, "{bursts:?}");
}

#[tokio::test]
async fn nothing_is_sent_before_the_stream_is_polled() {
    let (sent, mut received) = mpsc::unbounded_channel();
    let addr = serve(move |_, request| {
        let _ = sent.send(request);
        async {}
    })
    .await;

    drop(adapter(addr).call(request()));
    assert_eq!(call(addr).await.end, Err(AiErrorKind::Reset));

    assert!(received.recv().await.is_some());
    assert!(received.try_recv().is_err());
}

#[tokio::test]
async fn a_finished_call_gives_its_connection_to_the_next() {
    let (accepted, mut connections) = mpsc::unbounded_channel();
    let body = format!("{}{}data: [DONE]\n\n", chunk(CARDS), end());
    let addr = serve(move |mut socket, _| {
        let (accepted, body) = (accepted.clone(), body.clone());
        async move {
            accepted.send(()).unwrap();
            loop {
                let response =
                    format!("{STREAM_HEAD}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
                if socket.write_all(response.as_bytes()).await.is_err() || read_request(&mut socket).await.is_none() {
                    return;
                }
            }
        }
    })
    .await;
    let adapter = adapter(addr);

    for _ in 0..3 {
        let events: Vec<_> = adapter.call(request()).collect().await;
        assert!(matches!(events.last(), Some(Ok(AiEvent::Finished(_)))), "{events:?}");
    }

    assert!(connections.recv().await.is_some());
    assert!(connections.try_recv().is_err());
}
