use super::*;
use crate::testing::env;

#[test]
fn a_key_reads_back_from_its_text_and_its_bytes() {
    let env = env();
    let key = MasterKey::generate(&env);
    let text = key.to_text();
    let sealed = key.seal("here", b"secret", &env).unwrap();

    assert_eq!(text.expose().len(), 43);
    let readings = [
        MasterKey::from_text(text.expose()),
        MasterKey::from_text(&format!(" {}\r\n", text.expose())),
        MasterKey::from_file_contents(format!("{}\n", text.expose()).as_bytes()),
        MasterKey::from_file_contents(key.key.expose()),
    ];
    for same in readings {
        assert_eq!(same.unwrap().open("here", &sealed).unwrap().expose(), b"secret");
    }
}

// bug S4
#[test]
fn what_is_no_key_is_refused() {
    let text = MasterKey::generate(&env()).to_text();
    let text = text.expose();
    let spare_bits = format!("{}_", &text[..42]);
    for wrong in [
        "",
        "secret",
        &text[1..],
        &format!("{text}A"),
        &format!("{text}="),
        &spare_bits,
        &text.replace(&text[..1], "+"),
    ] {
        assert_eq!(MasterKey::from_text(wrong).unwrap_err(), MasterKeyError::Malformed, "{wrong}");
    }
    assert_eq!(MasterKey::from_file_contents(&[0xff; 31]).unwrap_err(), MasterKeyError::Malformed);
}

// bug S1, S4
#[test]
fn what_nobody_drew_by_chance_is_refused() {
    let counting: Vec<u8> = (0..32).collect();
    let contents: [&[u8]; 5] =
        [&[0; 32], &[0xff; 32], &counting, b"correct horse battery staple 123", b"0123456789abcdef0123456789abcdef"];
    for contents in contents {
        assert_eq!(MasterKey::from_file_contents(contents).unwrap_err(), MasterKeyError::NotRandom, "{contents:?}");
    }
    assert_eq!(MasterKey::from_text(&"A".repeat(43)).unwrap_err(), MasterKeyError::NotRandom);
}

#[test]
fn neither_the_key_nor_an_error_shows_it() {
    let key = MasterKey::generate(&env());

    let shown = format!("{key:?} {:?}", key.to_text());

    assert!(!shown.contains(key.to_text().expose().as_str()));
    assert!(shown.contains("[redacted]"));
    assert!(!format!("{:?}", MasterKey::from_text("hunter2").unwrap_err()).contains("hunter2"));
}
