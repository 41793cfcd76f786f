//! Tokens of every kind, good and bad: HS256 with the stack's secret, ES256 and RS256 with keys of the world's key set.
//! Users carry one; tests of authentication mint their own claims and headers.
//! The private keys beside this file exist for tests only and must never be trusted by anything that runs elsewhere.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use crate::observe::OrFail;

/// The HS256 secret of every stack.
pub const SECRET: &str = "a-secret-for-tests-only-canary-0f8c1d";

/// A signing key whose public half the world can publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKey {
    /// ES256; published from the start.
    EsOne,
    /// ES256; not published until a test does, for rotation.
    EsTwo,
    /// RS256; published from the start.
    Rs,
}

impl TestKey {
    /// Its key id.
    pub fn kid(self) -> &'static str {
        match self {
            Self::EsOne => "es-one",
            Self::EsTwo => "es-two",
            Self::Rs => "rs",
        }
    }

    /// Its algorithm.
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::EsOne | Self::EsTwo => Algorithm::ES256,
            Self::Rs => Algorithm::RS256,
        }
    }

    fn private(self) -> EncodingKey {
        let key = match self {
            Self::EsOne => EncodingKey::from_ec_pem(include_bytes!("keys/es256-one.test-only.pem")),
            Self::EsTwo => EncodingKey::from_ec_pem(include_bytes!("keys/es256-two.test-only.pem")),
            Self::Rs => EncodingKey::from_rsa_pem(include_bytes!("keys/rs256.test-only.pem")),
        };
        key.or_fail("reading a test key")
    }

    /// Its public half as it stands in a key set.
    pub fn public_jwk(self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private(), self.algorithm()).or_fail("deriving the public key");
        jwk.common.key_id = Some(self.kid().to_owned());
        serde_json::to_value(jwk).or_fail("writing the public key")
    }

    /// A token signed with it, naming its key id.
    pub fn sign(self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid().to_owned()), ..Header::new(self.algorithm()) };
        jsonwebtoken::encode(&header, claims, &self.private()).or_fail("signing a token")
    }
}

/// Seconds since 1970, for `exp` and its kin.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The claims of a signed-in user for an hour. Change what the test is about.
pub fn claims(user: Uuid) -> Value {
    json!({"sub": user, "role": "authenticated", "aud": "authenticated", "iat": now(), "exp": now() + 3600})
}

/// A token signed with the stack's secret.
pub fn hs256(claims: &Value) -> String {
    with_header(&json!({"alg": "HS256", "typ": "JWT"}), claims, SECRET)
}

/// A token with any header at all, its signature HMAC-SHA256 whatever the header claims.
pub fn with_header(header: &Value, claims: &Value, secret: &str) -> String {
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).or_fail("keying HMAC");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A token that claims to need no signature.
pub fn unsigned(claims: &Value) -> String {
    format!("{}.{}.", encoded(&json!({"alg": "none", "typ": "JWT"})), encoded(claims))
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};

    use super::*;

    #[test]
    fn a_published_key_verifies_what_its_private_half_signed() {
        for key in [TestKey::EsOne, TestKey::EsTwo, TestKey::Rs] {
            let token = key.sign(&claims(Uuid::nil()));
            let jwk: Jwk = serde_json::from_value(key.public_jwk()).expect("a key set's entry");
            let mut validation = Validation::new(key.algorithm());
            validation.set_audience(&["authenticated"]);

            let read = jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_jwk(&jwk).expect("key"), &validation);

            assert_eq!(read.expect("verifies").claims["sub"], json!(Uuid::nil()));
        }
    }

    #[test]
    fn a_hand_made_token_verifies_like_any_other() {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&["authenticated"]);

        let key = DecodingKey::from_secret(SECRET.as_bytes());
        assert!(jsonwebtoken::decode::<Value>(&hs256(&claims(Uuid::nil())), &key, &validation).is_ok());
    }
}
