//! Strict JWS compact serialisation, JWK and JWT claims over aws-lc-rs.
