//! What is asked of the texts that browsers bring back, on any input. The fuzz targets and the test that replays the corpus
//! both run these.

use std::sync::LazyLock;

use countersign_kernel::{Env, Secret, Timestamp};
use countersign_session::refresh_token::{RefreshKeys, Unproven};
use countersign_session::{Beside, CsrfKeys, DeviceKeys};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

static REFRESH: LazyLock<RefreshKeys> = LazyLock::new(|| RefreshKeys::new(Secret::new([7; 32])));
static CSRF: LazyLock<CsrfKeys> = LazyLock::new(|| CsrfKeys::new(&Secret::new([7; 32]), Env::system()));
static DEVICES: LazyLock<DeviceKeys> = LazyLock::new(|| DeviceKeys::new(&Secret::new([7; 32])));

/// A refresh token: one text for each token, and none is believed that we would not make ourselves.
pub fn refresh_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let unproven = Unproven::decode(text);
    if let Some(unproven) = unproven {
        assert_eq!(unproven.encode().expose(), text);
    }
    if let Some(token) = REFRESH.open(text, NOW) {
        assert!(unproven.is_some());
        assert_eq!(REFRESH.seal(&token).expose(), text);
    }
}

/// A CSRF token and a device cookie: whatever they are, an answer.
pub fn csrf_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert_eq!(CSRF.open(text).is_some(), CSRF.verify(text, text, Beside::Nothing));
    assert!(!CSRF.verify(text, text, Beside::Unproven));
    if let Some(device) = DEVICES.id_of(text) {
        assert_eq!(DEVICES.id_of(text), Some(device));
    }
}
