//! The tokens of a test issuer.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use countersign_jose::testing::TestToken;
use countersign_kernel::{Clock as _, SessionId, TokenId, UserId};
use serde_json::json;

use super::issuer::TestIssuer;

impl TestIssuer {
    /// Begins a good access token of the person of this name, in a session of its own, to be bent from there.
    pub fn token(&self, name: &str) -> TestToken {
        let now = self.clock().now().as_seconds();
        let claims = json!({
            "iss": self.url(), "aud": self.audience(), "sub": user_id(name),
            "jti": TokenId::new(self.env()), "sid": SessionId::new(self.env()), "ver": 1,
            "email": format!("{name}@example.test"), "roles": [], "auth_time": now, "amr": ["pwd"], "acr": "aal1",
        });
        TestToken::new(self.signer(), claims.as_object().cloned().unwrap_or_default(), now)
    }
}

/// The id of the person of this name: the same in every test.
fn user_id(name: &str) -> UserId {
    let mut bytes = [0x71; 16];
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    for (slot, byte) in bytes.iter_mut().rev().zip(hasher.finish().to_le_bytes()) {
        *slot = byte;
    }
    UserId::from_bytes(bytes)
}
