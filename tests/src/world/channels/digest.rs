//! SHA-256 that can be continued from any point: of uploads while they arrive, and of files of the host of media.
//! The hash of the TLS library is used because it is fast also where dependencies are not optimised, as in tests.

use std::fmt::{self, Debug, Formatter, Write};

use rustls::{
    SupportedCipherSuite,
    crypto::{
        hash::{Context, Hash},
        ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
    },
};

/// The bytes so far.
pub(super) struct Digest(Box<dyn Context>);

impl Digest {
    /// Takes further bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// SHA-256 of the bytes so far, in hexadecimal digits.
    pub fn hex(&self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.0.fork_finish().as_ref() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self(sha256().start())
    }
}

impl Clone for Digest {
    fn clone(&self) -> Self {
        Self(self.0.fork())
    }
}

impl Debug for Digest {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.hex())
    }
}

/// The hash of this suite of ciphers is SHA-256.
fn sha256() -> &'static dyn Hash {
    match TLS13_AES_128_GCM_SHA256 {
        SupportedCipherSuite::Tls13(suite) => suite.common.hash_provider,
        SupportedCipherSuite::Tls12(suite) => suite.common.hash_provider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second example of FIPS 180-2.
    #[test]
    fn a_digest_is_sha_256_and_can_be_continued() {
        let mut digest = Digest::default();
        assert_eq!(digest.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        digest.update(b"abcdbcdecdefdefgefghfghighij");
        let mut other = digest.clone();
        other.update(b"something else");

        digest.update(b"hijkijkljklmklmnlmnomnopnopq");

        assert_eq!(digest.hex(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
        assert_ne!(other.hex(), digest.hex());
    }
}
