//! What is said about a file by its first bytes, and how its bytes are bounded.

use super::*;

const LIMITS: MediaLimits = MediaLimits {
    pixels_below: Some(10_000),
    ..MediaLimits::new(&["image/jpeg", "image/png", "image/gif"], "JPEG, PNG and GIF pictures", 1_000)
};

fn gif(width: u16, height: u16) -> Vec<u8> {
    [b"GIF89a".as_slice(), &width.to_le_bytes(), &height.to_le_bytes(), &[0; 8]].concat()
}

fn code(bytes: Vec<u8>, size: Option<u64>, is_whole: bool) -> Option<Code> {
    let file = Beginning { bytes, size, is_whole, ..Beginning::default() };
    let fitting = fitting_type(&file, &LIMITS).and_then(|kind| judge(&file, kind, &LIMITS));
    fitting.err().map(|(code, _)| code)
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
    for (range, read) in [
        ("bytes 0-99/1234", Some((0, Some(1_234)))),
        ("bytes 0-99/*", Some((0, None))),
        ("bytes 5-99/1234", Some((5, Some(1_234)))),
        ("nonsense", None),
    ] {
        let headers = HeaderMap::from_iter([(header::CONTENT_RANGE, HeaderValue::from_static(range))]);
        assert_eq!(content_range(&headers), read, "{range}");
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

mod parts {
    use almanac_shared::calendar::MediumType;

    use super::*;
    use crate::outbound::channels::vendor::{Act, Vendor, answer, media};

    const BYTES: &[u8] = b"0123456789";
    const TAGGED: &str = "etag: \"a\"\r\n";

    fn source() -> Source {
        let etag = Some("\"a\"".to_owned());
        Source { size: 10, kind: "video/mp4".to_owned(), duration_ms: None, etag, last_modified: None }
    }

    async fn part(act: Act) -> Result<Bytes, (ErrorClass, Code)> {
        let vendor = Vendor::start([act]).await;
        let medium = Medium { url: format!("{}/a.mp4", vendor.base_url()), kind: MediumType::Video, alt: None };
        let part = media().small_part(1, &medium, &source(), Part { first: 3, last: 6 }).await;
        assert_eq!(vendor.seen()[0].header("range"), Some("bytes=3-6"));
        part.map_err(|error| (error.class, error.code))
    }

    fn in_part(headers: &str, range: &str, bytes: &'static [u8]) -> Act {
        answer(206, &format!("{headers}content-range: bytes {range}\r\n"), bytes)
    }

    #[tokio::test]
    async fn a_part_is_read_with_and_without_range() {
        let wanted = Ok(Bytes::from_static(b"3456"));
        assert_eq!(part(in_part(TAGGED, "3-6/10", b"3456")).await, wanted);
        assert_eq!(part(in_part("", "3-6/*", b"3456")).await, wanted, "a server that names no version is believed");
        assert_eq!(part(answer(200, TAGGED, BYTES)).await, wanted, "what comes before is skipped");
    }

    #[tokio::test]
    async fn a_part_of_another_version_is_refused() {
        let changed = Err((ErrorClass::Validation, Code::MediaChanged));
        for act in [
            in_part("etag: \"b\"\r\n", "3-6/10", b"3456"),
            in_part(TAGGED, "3-6/11", b"3456"),
            in_part(TAGGED, "2-6/10", b"23456"),
            answer(200, "etag: \"b\"\r\n", BYTES),
            answer(200, TAGGED, &BYTES[..9]),
            answer(416, "", ""),
        ] {
            assert_eq!(part(act).await, changed);
        }
    }

    #[tokio::test]
    async fn a_part_that_ends_early_may_be_read_again() {
        let stopped = Err((ErrorClass::Transient, Code::MediaUnreachable));
        assert_eq!(part(in_part(TAGGED, "3-6/10", b"34")).await, stopped);
        assert_eq!(part(answer(503, "", "")).await, stopped);
        let gone = Err((ErrorClass::Validation, Code::MediaUnreachable));
        assert_eq!(part(answer(404, "", "")).await, gone);
    }
}

mod videos {
    use almanac_shared::calendar::MediumType;
    use mp4_atom::{Encode, Mvhd, Tkhd};

    use super::*;
    use crate::outbound::channels::vendor::{Act, Vendor, answer, media};

    const LIMITS: MediaLimits = MediaLimits {
        seconds: Some(Bounds { least: 3, most: 90 }),
        width: Some(Bounds { least: 540, most: 1_920 }),
        ratio: Some(Bounds { least: 0.5, most: 0.6 }),
        ..MediaLimits::new(&["video/mp4"], "MP4 videos", 1_000_000)
    };

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap().to_be_bytes();
        [length.as_slice(), kind, content].concat()
    }

    fn movie(seconds: u64, width: u16, height: u16) -> Vec<u8> {
        let mut head = Vec::new();
        Mvhd { timescale: 1, duration: seconds, ..Mvhd::default() }.encode(&mut head).unwrap();
        let mut track = Vec::new();
        Tkhd { width: width.into(), height: height.into(), ..Tkhd::default() }.encode(&mut track).unwrap();
        boxed(b"moov", &[head, boxed(b"trak", &track)].concat())
    }

    fn start() -> Vec<u8> {
        boxed(b"ftyp", b"isom\0\0\x02\0isommp42")
    }

    async fn inspect(acts: impl IntoIterator<Item = Act>) -> (Result<Source, Code>, Vec<String>) {
        let vendor = Vendor::start(acts).await;
        let medium = Medium { url: format!("{}/a.mp4", vendor.base_url()), kind: MediumType::Video, alt: None };
        let source = media().inspect(1, &medium, &LIMITS).await.map_err(|error| error.code);
        (source, vendor.seen().iter().map(|seen| seen.header("range").unwrap_or_default().to_owned()).collect())
    }

    #[tokio::test]
    async fn a_video_is_judged_by_its_movie_box() {
        for (seconds, width, height, code) in [
            (90, 1_080, 1_920, None),
            (91, 1_080, 1_920, Some(Code::MediaDuration)),
            (2, 1_080, 1_920, Some(Code::MediaDuration)),
            (10, 500, 900, Some(Code::MediaDimensions)),
            (10, 1_080, 1_080, Some(Code::MediaDimensions)),
        ] {
            let file = [start(), movie(seconds, width, height), boxed(b"mdat", &[0; 64])].concat();
            let (source, _) = inspect([answer(200, "etag: \"v1\"\r\n", file.clone())]).await;
            let expected = Source {
                size: file.len() as u64,
                kind: "video/mp4".to_owned(),
                duration_ms: Some(seconds * 1_000),
                etag: Some("\"v1\"".to_owned()),
                last_modified: None,
            };
            assert_eq!(source, code.map_or(Ok(expected), Err), "{seconds} s, {width} x {height}");
        }
    }

    #[tokio::test]
    async fn a_movie_box_behind_the_media_is_read_by_its_place() {
        let media_box = boxed(b"mdat", &vec![0; 300_000]);
        let file = [start(), media_box, movie(200, 1_080, 1_920)].concat();
        let size = file.len();
        let from = start().len() + 300_008;
        let part = |first: usize, last: usize| {
            let range = format!("content-range: bytes {first}-{last}/{size}\r\n");
            answer(206, &range, file[first..=last].to_vec())
        };

        let (source, ranges) = inspect([part(0, 262_143), part(from, size - 1)]).await;

        assert_eq!(source, Err(Code::MediaDuration));
        assert_eq!(ranges, ["bytes=0-262143".to_owned(), format!("bytes={from}-{}", from + 262_143)]);
    }

    #[tokio::test]
    async fn a_video_whose_movie_box_cannot_be_reached_is_left_to_the_vendor() {
        let file = [start(), boxed(b"mdat", &vec![0; 300_000]), movie(200, 1_080, 1_920)].concat();
        let (source, _) = inspect([answer(200, "", file.clone())]).await;
        assert_eq!(source.map(|source| source.size), Ok(file.len() as u64));
    }

    #[tokio::test]
    async fn a_large_video_needs_a_server_that_sends_parts() {
        let file = [start(), movie(10, 1_080, 1_920)].concat();
        let head = format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", 65 * 1024 * 1024);
        let limits = MediaLimits { bytes: Bounds { least: 0, most: 1 << 30 }, ..LIMITS };
        let bytes = [file, vec![0; 300_000]].concat();
        let vendor = Vendor::start([Act::Answer(head, bytes.into())]).await;
        let medium = Medium { url: format!("{}/a.mp4", vendor.base_url()), kind: MediumType::Video, alt: None };

        let error = media().inspect(1, &medium, &limits).await.unwrap_err();

        assert_eq!((error.class, error.code), (ErrorClass::Validation, Code::MediaUnreachable));
    }

    #[tokio::test]
    async fn what_is_no_video_is_refused_before_anything_else() {
        let (source, _) = inspect([answer(200, "", "a text")]).await;
        assert_eq!(source, Err(Code::MediaType));
    }
}
