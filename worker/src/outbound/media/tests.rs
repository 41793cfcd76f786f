//! What is said about a file by its first bytes, and how its bytes are bounded.

use super::*;

const LIMITS: MediaLimits = MediaLimits {
    types: &["image/jpeg", "image/png", "image/gif"],
    names: "JPEG, PNG and GIF pictures",
    max_bytes: 1_000,
    pixels_below: Some(10_000),
};

fn gif(width: u16, height: u16) -> Vec<u8> {
    [b"GIF89a".as_slice(), &width.to_le_bytes(), &height.to_le_bytes(), &[0; 8]].concat()
}

fn code(bytes: Vec<u8>, size: Option<u64>, is_whole: bool) -> Option<Code> {
    judge(&Beginning { bytes, size, is_whole }, &LIMITS).err().map(|(code, _)| code)
}

#[test]
fn a_file_is_judged_by_its_first_bytes() {
    let jpeg = vec![0xff, 0xd8, 0xff, 0xe0];
    let webp = [b"RIFF\0\0\0\0WEBPVP8 ".as_slice(), &[0; 20]].concat();
    for (bytes, size, is_whole, expected) in [
        (gif(99, 101), Some(18), true, None),
        (gif(99, 101), None, false, None),
        (gif(100, 100), Some(18), true, Some(Code::MediaDimensions)),
        (gif(u16::MAX, u16::MAX), None, false, Some(Code::MediaDimensions)),
        (gif(10, 10), Some(1_000), false, None),
        (gif(10, 10), Some(1_001), false, Some(Code::MediaTooLarge)),
        (jpeg.clone(), Some(900), false, None),
        (jpeg, Some(4), true, Some(Code::MediaDimensions)),
        (webp, Some(36), true, Some(Code::MediaType)),
        (b"<html>".to_vec(), Some(6), true, Some(Code::MediaType)),
        (b"\0\0\0\x18ftypmp42".to_vec(), Some(12), false, Some(Code::MediaType)),
        (Vec::new(), Some(0), true, Some(Code::MediaType)),
    ] {
        assert_eq!(code(bytes.clone(), size, is_whole), expected, "{bytes:?} {size:?}");
    }
}

#[test]
fn the_size_of_a_file_stands_behind_its_range() {
    for (range, size, is_start) in [
        ("bytes 0-99/1234", Some(1_234), true),
        ("bytes 0-99/*", None, true),
        ("bytes 5-99/1234", Some(1_234), false),
        ("nonsense", None, false),
    ] {
        let headers = HeaderMap::from_iter([(header::CONTENT_RANGE, HeaderValue::from_static(range))]);
        assert_eq!((total(&headers), starts_at_zero(&headers)), (size, is_start), "{range}");
    }
}

async fn bounded_to(max_bytes: u64, chunks: Vec<Result<Bytes, ()>>) -> (usize, Option<Cut>) {
    let fault = Fault::default();
    let stream = bounded(stream::iter(chunks), max_bytes, fault.clone());
    let passed: Vec<_> = stream.collect().await;
    let bytes = passed.iter().flatten().map(Bytes::len).sum();
    assert_eq!(passed.iter().any(Result::is_err), fault.0.get().is_some());
    (bytes, fault.0.get().copied())
}

#[tokio::test]
async fn a_stream_ends_at_its_bound_or_with_its_source() {
    let chunk = || Ok(Bytes::from_static(&[0; 4]));
    assert_eq!(bounded_to(8, vec![chunk(), chunk()]).await, (8, None));
    assert_eq!(bounded_to(8, vec![chunk(), chunk(), chunk()]).await, (8, Some(Cut::TooLarge)));
    assert_eq!(bounded_to(8, vec![chunk(), Err(())]).await, (4, Some(Cut::Source)));
}

mod served {
    use almanac_shared::calendar::MediumType;

    use super::*;
    use crate::outbound::channels::vendor::{Act, Vendor, answer, media};

    fn medium(vendor: &Vendor) -> Medium {
        Medium { url: format!("{}/a.gif", vendor.base_url()), kind: MediumType::Image, alt: None }
    }

    async fn check(act: Act) -> Option<(ErrorClass, Code)> {
        let vendor = Vendor::start([act]).await;
        let checked = media().check(&[medium(&vendor)], &LIMITS).await;
        let seen = vendor.seen();
        assert_eq!(seen[0].header("range"), Some("bytes=0-262143"));
        checked.err().map(|error| (error.class, error.code))
    }

    #[tokio::test]
    async fn only_the_beginning_of_a_file_is_asked_for() {
        let in_part = |range: &str| answer(206, &format!("content-range: bytes {range}\r\n"), gif(10, 10));
        let refusal = |class, code| Some((class, code));
        use ErrorClass::{Transient, Validation};

        assert_eq!(check(answer(200, "", gif(10, 10))).await, None);
        assert_eq!(check(in_part("0-17/1000")).await, None);
        assert_eq!(check(in_part("0-17/1001")).await, refusal(Validation, Code::MediaTooLarge));
        assert_eq!(check(in_part("5-22/1000")).await, refusal(Validation, Code::MediaUnreachable));
        assert_eq!(check(answer(404, "", "")).await, refusal(Validation, Code::MediaUnreachable));
        assert_eq!(check(answer(503, "", "")).await, refusal(Transient, Code::MediaUnreachable));
        assert_eq!(check(Act::Close).await, refusal(Transient, Code::MediaUnreachable));
    }

    #[tokio::test]
    async fn a_private_address_is_refused() {
        let medium = Medium { url: "https://10.0.0.1/a.png".to_owned(), kind: MediumType::Image, alt: None };
        let error = media().check(&[medium], &LIMITS).await.unwrap_err();
        assert_eq!((error.class, error.code), (ErrorClass::Validation, Code::MediaUnreachable));
        assert_eq!(error.message, "Medium 1 cannot be published. The address is not on the public internet.");
    }

    #[tokio::test]
    async fn a_file_longer_than_the_bound_is_not_downloaded() {
        let vendor = Vendor::start([answer(200, "", vec![0; 1_001]), answer(200, "", vec![0; 1_000])]).await;
        let media = media();
        let error = media.download(1, &medium(&vendor), 1_000).await.err().expect("a refusal");
        assert_eq!(error.code, Code::MediaTooLarge);
        assert_eq!(media.download(1, &medium(&vendor), 1_000).await.ok().and_then(|it| it.length), Some(1_000));
    }
}
