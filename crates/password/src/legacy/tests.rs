//! Values that others have published or computed. Those marked (computed) come from libxcrypt and Python's hashlib.

use proptest::prelude::*;

use super::*;

const KUZM: &[u8] = "kuzm tevx".as_bytes();
const LET: &[u8] = "l\u{e8}tmein".as_bytes();
const CHLEB: &[u8] = "\u{10d}erstv\u{fd} chl\u{e9}b".as_bytes();

/// The signer key that Firebase's own documentation shows.
const SIGNER_KEY: &str = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
const FIREBASE: &str = "$fbscrypt$k=7f3a,ln=14,r=8,ss=Bw==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

#[track_caller]
fn parse(text: &str) -> LegacyHash {
    LegacyHash::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// The right password matches, before and after the text was made canonical; others do not.
#[track_caller]
fn holds(text: &str, password: &[u8], secret: &[u8]) {
    let hash = parse(text);
    assert!(hash.matches(password, secret), "{text}");
    let again = parse(hash.to_text().expose());
    assert!(again.matches(password, secret), "{text} as {}", hash.to_text().expose());
    assert_eq!(again.to_text().expose(), hash.to_text().expose());
    assert_eq!((again.kind(), again.secret_name()), (hash.kind(), hash.secret_name()));
    let other = [b"!", password].concat();
    assert!(!hash.matches(&other, secret), "{text}");
}

#[test]
fn bcrypt_vectors_of_crypt_blowfish() {
    let aa = [0xaa_u8; 72];
    let past_72 = [aa.as_slice(), b"chars after 72 are ignored as usual"].concat();
    let alternating: Vec<u8> = [0xaa, 0x55].into_iter().cycle().take(72).collect();
    for (text, password) in [
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", b"U*U".as_slice()),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", b"U*U*"),
        ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", b"U*U*U"),
        ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", b""),
        ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
        ("$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", b"\xa3"),
        ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
        ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.swQOIzjOiJ9GHEPuhEkvqrUyvWhEMx6", past_72.as_slice()),
        ("$2a$05$/OK.fbVrR/bpIqNJ5ianF.R9xrDjiycxMbQE2bp.vgqlYpW5wx2yy", alternating.as_slice()),
    ] {
        assert!(parse(text).matches(password, b""), "{text}");
        assert!(!parse(text).matches(b"U*V", b""), "{text}");
    }
}

#[test]
fn the_sign_of_a_byte_covers_those_before_it_in_2x() {
    for (text, password) in [
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xa3".as_slice()),
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi", b"1\xa3345"),
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi", b"\xff\xa3345"),
        ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.o./n25XVfn6oAPaUvHe.Csk4zRfsYPi", b"\xff\xa334\xff\xff\xff\xa3345"),
        ("$2x$05$6bNw2HLQYeqHYyBfLMsv/OiwqTymGIGzFsA4hOTWebfehXHNprcAS", "\u{451}".as_bytes()),
        ("$2x$05$6bNw2HLQYeqHYyBfLMsv/O9LIGgn8OMzuDoHfof8AQimSGfcSWxnS", b"\xd0\xc1\xd2\xcf\xcc\xd8"),
        // (computed)
        ("$2x$04$abcdefghijklmnopqrstuu9L4iCfqwz8WmsCEK3JOlze1EFLJD9TS", CHLEB),
        ("$2x$04$abcdefghijklmnopqrstuuLJnlGTsXIYCJ.8BIiNKY5Jxmhy6mKbq", "\u{e9}".repeat(40).as_bytes()),
    ] {
        assert!(parse(text).matches(password, b""), "{text}");
        // Among texts that can be typed, no sign can be set without covering something.
        let is_text = std::str::from_utf8(password).is_ok();
        assert!(!is_text || !parse(&text.replacen("$2x$", "$2y$", 1)).matches(password, b""), "{text}");
    }
}

#[test]
fn bcrypt_of_ascii_is_the_same_under_every_name() {
    for variant in ["2a", "2b", "2x", "2y"] {
        holds(&format!("${variant}$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u"), KUZM, b"");
    }
    for variant in ["2a", "2b", "2y"] {
        holds(&format!("${variant}$04$abcdefghijklmnopqrstuuSN5YgeZE1/BqEveoZFje06SHteHyBH6"), CHLEB, b"");
    }
}

#[test]
fn bcrypt_reads_72_bytes_and_a_nul_makes_no_password() {
    let long = parse("$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i");
    for (length, matches) in [(71, false), (72, true), (73, true), (256, true)] {
        assert_eq!(long.matches("x".repeat(length).as_bytes(), b""), matches, "{length}");
    }
    let short = parse("$2b$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u");
    for other in ["kuzm tevx\0", "kuzm tevx\0kuzm tevx", "kuzm tevx\0\0", "\0kuzm tevx", "kuzm tevxkuzm tevx"] {
        assert!(!short.matches(other.as_bytes(), b""), "{other:?}");
    }
}

#[test]
fn bcrypt_under_a_pepper_and_over_sha_256() {
    // (computed)
    let devise = parse("$2a$04$abcdefghijklmnopqrstuu1SzQ.3msHgUpswK0c8E40K/CN36K916").with_secret("a1b2").unwrap();
    holds(devise.to_text().expose(), KUZM, b"a pepper of old");
    assert_eq!(devise.secret_name(), Some("a1b2"));
    assert!(!devise.matches(KUZM, b"another") && !devise.matches(KUZM, b""));
    holds("bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuulyx/yrfLnuLCi6gwFG5mrkJjuQKpL6S", LET, b"");
    holds("bcrypt$$2b$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u", KUZM, b"");
    let over_sha = parse("bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuulyx/yrfLnuLCi6gwFG5mrkJjuQKpL6S");
    assert!(over_sha.with_secret("a1b2").is_none(), "Django has no pepper");
}

#[test]
fn pbkdf2_vectors() {
    for (text, password) in [
        // RFC 6070
        ("$pbkdf2-sha1$i=4096,l=20$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE", b"password".as_slice()),
        ("$pbkdf2$4096$c2FsdA$SwB5AbdlSJq.rUnZJvch0GWkKcE", b"password"),
        // RFC 7914 section 11
        (
            "$pbkdf2-sha256$i=1,l=64$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLxJypzM8Xm2RZkWZLOdd+8xfHG4RbHjC9UJESBB06GXgw",
            b"passwd",
        ),
        // (computed)
        (
            "$pbkdf2-sha512$i=1000,l=64$MDEyMzQ1Njc4OWFiY2RlZg$99TnGo4vnTbvaXdvkoknJT6PxiZmkfAEcxUXRFB2YVkpUgqSDSCFc/GMHH8RwVQMEkiINSmIxhM6HKqVHGBWPg",
            KUZM,
        ),
        (
            "$pbkdf2-sha384$i=1000,l=48$MDEyMzQ1Njc4OWFiY2RlZg$2AX5IFeXcRERiiD5+oEzeWZ4/vhGiYf6dRmPvy5wrG6fD0gw4QHyNHJacaGSt0WK",
            KUZM,
        ),
        ("$pbkdf2-sha256$29000$MDEyMzQ1Njc4OWFiY2RlZg$VutafhGFbNQctM2Bu3zCXiWW9cypAKI8gp9EHU.vxmc", KUZM),
        ("pbkdf2_sha256$10000$seasalt$CWWFdHOWwPnki7HvkcqN9iA2T3KLW1cf2uZ5kvArtVY=", LET),
        ("pbkdf2_sha1$10000$seasalt$oAfF6vgs95ncksAhGXOWf4Okq7o=", LET),
    ] {
        holds(text, password, b"");
    }
}

#[test]
fn asp_net_identity_vectors() {
    for text in [
        "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==",
        "AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
        "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
        "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
        "AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+ZfhjCcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw==",
    ] {
        holds(text, b"my password", b"");
    }
}

#[test]
fn scrypt_vectors() {
    for (text, password) in [
        // RFC 7914 section 12
        (
            "$scrypt$ln=4,r=1,p=1$$d9ZXYjhleyA7GcpCwYoEl/FrSETjB0ro39/6P+3iFEL80Aad7QlI+DJqdToPyB8X6NPg+y4NNijPNeIMONGJBg",
            b"".as_slice(),
        ),
        (
            "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
            b"password",
        ),
        // Django's own tests
        (
            "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==",
            LET,
        ),
        (
            "scrypt$16384$seasalt$8$5$ECMIUp+LMxMSK8xB/IVyba+KYGTI7FTnet025q/1f/vBAVnnP3hdYqJuRi+mJn6ji6ze3Fbb7JEFPKGpuEf5vw==",
            LET,
        ),
    ] {
        holds(text, password, b"");
    }
}

#[test]
fn the_vector_of_firebase() {
    let signer_key = encoding::bytes(SIGNER_KEY).unwrap();
    holds(FIREBASE, b"user1password", &signer_key);
    assert!(
        !parse(FIREBASE)
            .matches(b"user1password", b"another signer key, as long as that one was, sixty-four bytes in all")
    );
    assert!(!parse(FIREBASE).matches(b"user1password", b""));
    let unnamed = parse(&FIREBASE.replace("k=7f3a,", ""));
    assert!(unnamed.needs_secret() && unnamed.secret_name().is_none());
    assert_eq!(parse(FIREBASE).secret_name(), Some("7f3a"));
    assert_eq!(unnamed.with_secret("7f3a").unwrap().to_text().expose(), parse(FIREBASE).to_text().expose());
}

#[test]
fn sha_crypt_vectors() {
    let long = "\u{10d}erstv\u{fd} chl\u{e9}b, a very much longer text to encrypt. This one even stretches over more than one line.";
    for (text, password) in [
        // Drepper's
        ("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5", "Hello world!"),
        (
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            "Hello world!",
        ),
        ("$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA", "Hello world!"),
        (
            "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
            "Hello world!",
        ),
        // (computed)
        ("$5$rounds=1000$a$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XU/", long),
        (
            "$6$rounds=1000$$6sZgS2Nd8J4hmALco38v6h9bOeqS2SRKNzwf5fyPHKW7jdT1L74UvCwHp3LX4pTtYuqCD0oGZSlNXzv8ctFOG1",
            long,
        ),
        (
            "$6$rounds=1400$anotherlongsalts$sJLxF6l3ZvExLcbpGLsVZxyWARby7EtlUyJejsb3iD84AKHuUMruTsxVc1oOGdjn.3WhiIcpX9eP/Uy3Xdu8C1",
            long,
        ),
    ] {
        holds(text, password.as_bytes(), b"");
        let hash = parse(text);
        assert!(!hash.matches(format!("{password}\0").as_bytes(), b""), "{text}");
        assert!(!hash.matches("x".repeat(129).as_bytes(), b""), "{text}");
    }
}

#[test]
fn argon2_of_every_kind_and_django() {
    // Made by the reference implementation's command line.
    let plain = "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA";
    let django = parse(&format!("argon2{plain}"));
    assert!(django.matches(b"password", b""));
    assert!(!django.matches(b"Password", b""));
    assert_eq!(django.to_text().expose(), plain);
    for (text, kind) in
        [(plain, "argon2i"), (&plain.replace("2i", "2d"), "argon2d"), (&plain.replace("2i", "2id"), "argon2id")]
    {
        assert_eq!(parse(text).kind(), kind);
    }
}

#[test]
fn what_would_cost_too_much_is_refused_before_it_costs_anything() {
    let b22 = "abcdefghijklmnopqrstuu";
    let b31 = "OhJcuMSF4cKEKVO7KCjvpfve/3ENH.u";
    let h32 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (text, parameter) in [
        (format!("$2b$03${b22}{b31}"), "cost"),
        (format!("$2b$15${b22}{b31}"), "cost"),
        (format!("$2b$31${b22}{b31}"), "cost"),
        (format!("bcrypt_sha256$$2b$99${b22}{b31}"), "cost"),
        (format!("$scrypt$ln=21,r=1,p=1$AAAA${h32}"), "log2 of N"),
        (format!("$scrypt$ln=0,r=1,p=1$AAAA${h32}"), "log2 of N"),
        (format!("$scrypt$ln=64,r=1,p=1$AAAA${h32}"), "log2 of N"),
        (format!("$scrypt$ln=17,r=9,p=1$AAAA${h32}"), "block size r"),
        (format!("$scrypt$ln=1,r=4294967296,p=1$AAAA${h32}"), "block size r"),
        (format!("$scrypt$ln=17,r=8,p=3$AAAA${h32}"), "parallelism p"),
        (format!("$scrypt$ln=1,r=1,p=65$AAAA${h32}"), "parallelism p"),
        (format!("scrypt$2097152$salt$8$1${h32}"), "log2 of N"),
        (format!("$fbscrypt$ln=18,r=8,ss=$AAAA${h32}"), "block size r"),
        (format!("$pbkdf2-sha256$i=2000001,l=32$AAAA${h32}"), "iterations"),
        (format!("$pbkdf2-sha256$i=0,l=32$AAAA${h32}"), "iterations"),
        (format!("pbkdf2_sha1$1000001$salt${h32}"), "iterations"),
        (
            "AQAAAAH/////AAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==".to_owned(),
            "iterations",
        ),
        (format!("$5$rounds=1000001$a${h32}"), "rounds"),
        (format!("$6$rounds=999$a${h32}"), "rounds"),
        (format!("$argon2i$v=19$m=262145,t=1,p=1$c29tZXNhbHQ${h32}"), "memory in KiB"),
        (format!("$argon2id$v=19$m=262144,t=9,p=1$c29tZXNhbHQ${h32}"), "passes"),
        (format!("$argon2d$v=19$m=1024,t=1,p=17$c29tZXNhbHQ${h32}"), "lanes"),
        // Too short to prove anything.
        ("$pbkdf2-sha256$i=1,l=3$AAAA$AAAA".to_owned(), "output bytes"),
        ("$scrypt$ln=4,r=1,p=1$AAAA$AAAA".to_owned(), "output bytes"),
        ("$fbscrypt$ln=4,r=1,ss=$AAAA$".to_owned(), "output bytes"),
        ("$argon2i$v=19$m=1024,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAA".to_owned(), "output bytes"),
        (format!("$pbkdf2-sha256$i=1,l=32${}${h32}", "A".repeat(344)), "salt bytes"),
    ] {
        match LegacyHash::parse(&text) {
            Err(Unusable::OutOfBounds { parameter: found, .. }) => assert_eq!(found, parameter, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn the_dearest_that_is_accepted_is_accepted() {
    let h32 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (text, memory_kib) in [
        ("$2b$14$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u".to_owned(), 8),
        (format!("$scrypt$ln=17,r=8,p=2$AAAA${h32}"), 131_075),
        (format!("$fbscrypt$ln=17,r=8,ss=$AAAA${h32}"), 131_074),
        (format!("$pbkdf2-sha512$i=2000000,l=32$AAAA${h32}"), 8),
        (format!("$5$rounds=1000000$a${}", "A".repeat(42) + "."), 8),
        (format!("$argon2i$v=19$m=262144,t=8,p=16$c29tZXNhbHQ${h32}"), 262_144),
    ] {
        assert_eq!(parse(&text).memory_kib(), memory_kib, "{text}");
    }
}

#[test]
fn sha_crypt_says_nothing_of_what_it_would_cut() {
    let hash = parse("$5$rounds=1000$a$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XU/");
    assert!(hash.compute(&[b'k'; 128], b"").is_some());
    assert!(hash.compute(&[b'k'; 129], b"").is_none() && hash.compute(b"kuzm\0tevx", b"").is_none());
}

#[test]
fn damaged_texts_are_told_from_unknown_ones() {
    for text in [
        "$2b$12$",
        "$2b$1$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u",
        "$2b$12$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.",
        "$2b$12$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.uu",
        "$2b$12$abcdefghijklmnopqrstu\u{e9}OhJcuMSF4cKEKVO7KCjvpfve/3ENH.u",
        "$2b$+4$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u",
        "$bcrypt-pepper$k=UPPER$2b$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u",
        "$bcrypt-pepper$k=$2b$04$abcdefghijklmnopqrstuuOhJcuMSF4cKEKVO7KCjvpfve/3ENH.u",
        "$scrypt$ln=14,r=8$AAAA$AAAA",
        "scrypt$16383$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "scrypt$0$salt$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-sha256$i=1000,l=31$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-md5$1000$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$5$rounds=$a$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XU/",
        "$5$rounds=1000$a$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XUz",
        "$6$rounds=1000$a$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XU/",
        "$5$rounds=1000$a:$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XU/",
        "$5$rounds=1000$a b$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XU/",
        "$5$rounds=1000$seventeen.letters$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XU/",
        "$5$rounds=1000$a$nRWla4qYiH8gXMYoqhIGJvY02y1w09nesirXP1W/XU/$more",
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
        "$fbscrypt$ln=14,r=8$AAAA",
        &FIREBASE.replace("k=7f3a", "k="),
        &FIREBASE.replace("k=7f3a", "k=7F3A"),
        &FIREBASE.replace("7f3a", &"7".repeat(33)),
    ] {
        assert!(matches!(LegacyHash::parse(text), Err(Unusable::Damaged(_))), "{text}: {:?}", LegacyHash::parse(text));
    }
    for text in [
        "",
        "$",
        "kuzm tevx",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "sha1$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "{SSHA}AAAA",
        "$1$salt$hash",
        "$y$j9T$salt$hash",
        "$7$C6..../....salt$hash",
        "UkVEQUNURUQ=",
        "AAAA",
        "$argon2id$v=19$m=1024,t=1,p=1,keyid=AAAA$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=1024,t=1,p=1,data=AAAA$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAMAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw",
        "AQAAAAEAACcQ/////wABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
        &"A".repeat(1_025),
        // The first byte of ASP.NET's second form, and fewer and more bytes than it has.
        &"A".repeat(4 * 16),
        &"A".repeat(4 * 17),
    ] {
        assert_eq!(LegacyHash::parse(text).err(), Some(Unusable::Unknown), "{text}");
    }
}

#[test]
fn nothing_of_a_hash_is_shown() {
    let hash = parse(FIREBASE);
    assert_eq!(format!("{hash:?}"), "LegacyHash { kind: \"firebase-scrypt\", .. }");
}

#[test]
fn secrets_have_plain_names() {
    for name in ["", "A", "a b", "a$", "a,b", "\u{e9}", &"a".repeat(33)] {
        assert!(parse(FIREBASE).with_secret(name).is_none(), "{name:?}");
    }
    assert!(parse("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5").with_secret("a1").is_none());
}

/// Texts that begin as hashes do, and go wrong somewhere.
fn near_hashes() -> impl Strategy<Value = String> {
    let heads = prop::sample::select(vec![
        "$2b$04$",
        "$2x$05$",
        "bcrypt_sha256$$2b$04$",
        "$bcrypt-pepper$k=a$2a$04$",
        "$scrypt$ln=4,r=1,p=1$",
        "scrypt$16$salt$1$1$",
        "$fbscrypt$ln=4,r=1,ss=Bw$",
        "$pbkdf2-sha256$i=3,l=32$",
        "pbkdf2_sha1$3$salt$",
        "$5$rounds=1000$",
        "$6$",
        "$argon2i$v=19$m=8,t=1,p=1$",
        "argon2$argon2d$v=16$m=16,t=1,p=2$",
        "AQAAAAEAAAAD",
        "AAAB",
    ]);
    (heads, "[$./A-Za-z0-9+=_,-]{0,120}").prop_map(|(head, tail)| format!("{head}{tail}"))
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,80}") {
        let _ = LegacyHash::parse(&text);
    }

    #[test]
    fn what_is_read_has_one_canonical_text(text in near_hashes()) {
        if let Ok(hash) = LegacyHash::parse(&text) {
            let canonical = hash.to_text();
            let again = LegacyHash::parse(canonical.expose()).map(|hash| hash.to_text());
            prop_assert_eq!(again.map(|text| text.expose().clone()), Ok(canonical.expose().clone()));
        }
    }

    #[test]
    fn sha_crypt_text_and_bytes_are_one_to_one(tail in "[./0-9A-Za-z]{43}") {
        let text = format!("$5$salt${tail}");
        if let Ok(hash) = LegacyHash::parse(&text) {
            let canonical = hash.to_text();
            prop_assert_eq!(canonical.expose(), &text);
        }
    }
}
