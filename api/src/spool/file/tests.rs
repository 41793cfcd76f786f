//! What the file keeps through crashes: lines that were cut, damaged or repeated, and files of processes that are gone.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("almanac-spool-{}", Uuid::new_v4())))
    }

    fn file(&self, number: usize) -> PathBuf {
        self.0.join(format!("publish-{number}.spool"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn request(user: UserId, key: &str) -> Deferred {
    Deferred {
        id: Uuid::now_v7(),
        user,
        key: key.to_owned(),
        fingerprint: "00".repeat(32),
        body: RequestBody { brand_id: Some("brand\n1".to_owned()), ..RequestBody::default() },
        request_id: "request".to_owned(),
        accepted_at: DateTime::from_timestamp(1_769_414_400, 0).unwrap(),
    }
}

fn keys(file: &SpoolFile) -> Vec<&str> {
    file.waiting().iter().map(|request| request.key.as_str()).collect()
}

#[test]
fn what_waits_is_there_after_a_restart_in_its_order() {
    let folder = Folder::new();
    let user = UserId::fresh();
    let mut file = SpoolFile::open(&folder.0).unwrap();
    let requests = ["a", "b", "c"].map(|key| request(user, key));
    for request in &requests {
        file.append(request.clone()).unwrap();
    }
    file.remove(requests[1].id).unwrap();
    drop(file);

    let file = SpoolFile::open(&folder.0).unwrap();

    assert_eq!(file.waiting(), [requests[0].clone(), requests[2].clone()]);
    assert_eq!(std::fs::metadata(folder.file(0)).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_line_that_was_cut_at_any_byte_costs_no_line_before_it() {
    let folder = Folder::new();
    let user = UserId::fresh();
    let mut file = SpoolFile::open(&folder.0).unwrap();
    file.append(request(user, "a")).unwrap();
    let first = std::fs::read(folder.file(0)).unwrap().len();
    file.append(request(user, "b")).unwrap();
    drop(file);
    let whole = std::fs::read(folder.file(0)).unwrap();

    for length in first..whole.len() {
        std::fs::write(folder.file(0), &whole[..length]).unwrap();
        let mut file = SpoolFile::open(&folder.0).unwrap();
        assert_eq!(keys(&file), ["a"], "cut after {length} bytes");
        file.append(request(user, "c")).unwrap();
        drop(file);
        assert_eq!(keys(&SpoolFile::open(&folder.0).unwrap()), ["a", "c"]);
    }
}

#[test]
fn a_damaged_line_costs_only_itself() {
    let folder = Folder::new();
    let user = UserId::fresh();
    let mut file = SpoolFile::open(&folder.0).unwrap();
    for key in ["a", "b", "c"] {
        file.append(request(user, key)).unwrap();
    }
    drop(file);
    let mut content = std::fs::read(folder.file(0)).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(folder.file(0), content).unwrap();

    assert_eq!(keys(&SpoolFile::open(&folder.0).unwrap()), ["a", "c"]);
}

#[test]
fn a_repeated_request_is_kept_once_and_another_body_is_refused() {
    let folder = Folder::new();
    let (anna, ben) = (UserId::fresh(), UserId::fresh());
    let mut file = SpoolFile::open(&folder.0).unwrap();
    file.append(request(anna, "a")).unwrap();

    file.append(request(anna, "a")).unwrap();
    let other = Deferred { fingerprint: "11".repeat(32), ..request(anna, "a") };
    assert!(matches!(file.append(other), Err(NotKept::KeyReused)));
    file.append(request(ben, "a")).unwrap();

    assert_eq!(file.waiting().len(), 2, "each user has keys of their own");
}

#[test]
fn the_file_is_empty_when_nothing_waits() {
    let folder = Folder::new();
    let mut file = SpoolFile::open(&folder.0).unwrap();
    let request = request(UserId::fresh(), "a");
    file.append(request.clone()).unwrap();

    file.remove(request.id).unwrap();

    assert_eq!(std::fs::read(folder.file(0)).unwrap(), b"");
    file.append(request).unwrap();
    drop(file);
    assert_eq!(keys(&SpoolFile::open(&folder.0).unwrap()), ["a"]);
}

#[test]
fn a_full_spool_takes_nothing_more() {
    let folder = Folder::new();
    let user = UserId::fresh();
    let mut file = SpoolFile::open(&folder.0).unwrap();
    let large = |key: &str| {
        let body = RequestBody { plan_hash: Some("x".repeat(1024 * 1024)), ..RequestBody::default() };
        Deferred { body, ..request(user, key) }
    };
    let mut kept = Vec::new();
    let full = loop {
        let request = large(&kept.len().to_string());
        match file.append(request.clone()) {
            Ok(()) => kept.push(request),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, NotKept::Full), "{full}");
    assert_eq!(kept.len(), 7);

    // What waits no longer makes room, also while others wait.
    file.remove(kept[0].id).unwrap();
    file.append(large("more")).unwrap();
    drop(file);
    let file = SpoolFile::open(&folder.0).unwrap();
    assert_eq!(keys(&file), ["1", "2", "3", "4", "5", "6", "more"]);
    assert!(std::fs::metadata(folder.file(0)).unwrap().len() <= BYTES_MAX);
}

#[test]
fn two_processes_have_two_files_and_the_second_is_taken_over_when_its_process_is_gone() {
    let folder = Folder::new();
    let user = UserId::fresh();
    let (mut one, mut two) = (SpoolFile::open(&folder.0).unwrap(), SpoolFile::open(&folder.0).unwrap());
    one.append(request(user, "a")).unwrap();
    two.append(request(user, "b")).unwrap();
    assert!(folder.file(1).exists());
    drop((one, two));

    let one = SpoolFile::open(&folder.0).unwrap();

    assert_eq!(keys(&one), ["a", "b"]);
    assert_eq!(std::fs::read(folder.file(1)).unwrap(), b"");
}
