use std::collections::BTreeSet;
use std::io::{BufReader, Cursor};

use proptest::prelude::*;
use xorf::Filter as _;

use super::format::MAX_SEGMENT;
use super::*;

const COMMON: &str = include_str!("../../data/common-passwords.txt");
const BREACHED: &str = include_str!("../../data/breached-passwords.txt");
const BUILT_IN_FILE: &[u8] = include_bytes!("../../data/built-in.filter");

fn password(text: &str) -> Password {
    Password::received(text).unwrap()
}

fn built(list: impl AsRef<[u8]>) -> (Vec<u8>, Kept) {
    let mut builder = FilterBuilder::new(0);
    builder.read(list.as_ref(), ListForm::Detect).unwrap();
    builder.finish().unwrap()
}

fn filter_of(list: impl AsRef<[u8]>) -> Filter {
    Filter::read(built(list).0.as_slice()).unwrap()
}

fn refused(file: &[u8]) -> FormatError {
    match Filter::read(file) {
        Err(FilterError::Format(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn list_refused(list: impl AsRef<[u8]>, least_seen: u64) -> ListError {
    let mut builder = FilterBuilder::new(least_seen);
    match builder.read(list.as_ref(), ListForm::Detect) {
        Err(error) => error,
        Ok(()) => builder.finish().unwrap_err(),
    }
}

fn sha1_line(text: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Some thousand passwords, no two alike.
fn many(kind: &str, count: usize) -> String {
    (0..count).map(|n| format!("{kind} number {n}\n")).collect()
}

/// To make it again: `cargo run -- password build-filter crates/password/data/common-passwords.txt
/// crates/password/data/breached-passwords.txt --out crates/password/data/built-in.filter`.
#[test]
fn the_built_in_filter_is_what_its_lists_make_today() {
    let mut builder = FilterBuilder::new(0);
    builder.read(COMMON.as_bytes(), ListForm::Plain).unwrap();
    builder.read(BREACHED.as_bytes(), ListForm::Plain).unwrap();
    let (file, kept) = builder.finish().unwrap();

    assert!(file == BUILT_IN_FILE, "make data/built-in.filter again: see the comment above this test");
    let built_in = Filter::built_in().expect("the built-in filter is of this version");
    assert_eq!(built_in.passwords(), kept.passwords);
    assert_eq!(built_in.file_bytes(), file.len() as u64);
    assert!(file.len() < 64 * 1024, "small: {} bytes", file.len());
    // The built-in one is not verified at each start; here it is.
    assert_eq!(Filter::read(BUILT_IN_FILE).unwrap().fingerprint(), built_in.fingerprint());
}

#[test]
fn the_built_in_filter_knows_every_password_of_its_lists() {
    let built_in = Filter::built_in().unwrap();
    let listed: Vec<_> = COMMON.lines().chain(BREACHED.lines()).filter(|line| line.len() >= 8).collect();

    assert!(listed.len() > 20_000);
    for line in listed {
        assert!(built_in.contains(&password(line)), "{line}");
        assert!(built_in.contains(&password(&line.to_uppercase())), "{line} in capitals");
    }
    for absent in ["correct horse battery staple", "kuzm tevx qafo", "lint borq waxe", ""] {
        assert!(!built_in.contains(&password(absent)), "{absent:?}");
    }
}

#[test]
fn the_list_of_breached_passwords_says_what_the_common_one_does_not() {
    let common: BTreeSet<_> = COMMON.lines().collect();
    let lines: Vec<_> = BREACHED.lines().collect();
    assert!(lines.is_sorted_by(|a, b| a < b), "sorted, without doubles");
    assert!(lines.iter().all(|line| line.len() >= 8 && line.is_ascii() && !common.contains(line)));
}

#[test]
fn one_absent_password_in_65536_is_taken_for_a_breached_one() {
    let filter = filter_of(many("breached", 20_000));
    let found = (0..400_000).filter(|n| filter.holds(key_of(&format!("absent number {n}")))).count();
    // 6 are expected, and more than 14 would come once in 700 lists. Nothing is left to chance: the same texts make the same
    // number in each run.
    assert!((1..=14).contains(&found), "{found}");
}

#[test]
fn the_same_passwords_make_the_same_file_in_any_order_and_form() {
    let words = ["first password", "second password", "third password"];
    let (plain, kept) = built(words.join("\n"));
    let (reversed, _) = built("third password\nsecond password\nfirst password\nfirst password\n");
    let (hashes, _) = built(words.map(|word| format!("{}:7", sha1_line(word))).join("\r\n"));
    let (bare, _) = built(words.map(|word| sha1_line(word).to_lowercase()).join("\n"));

    assert_eq!(kept, Kept { lines: 3, passwords: 3, ..Kept::default() });
    assert_eq!(plain, reversed);
    assert_eq!(plain, hashes);
    assert_eq!(plain, bare);

    let mut two = FilterBuilder::new(0);
    two.read(words[2].as_bytes(), ListForm::Plain).unwrap();
    two.read([sha1_line(words[0]), sha1_line(words[1])].join("\n").as_bytes(), ListForm::Detect).unwrap();
    assert_eq!(two.finish().unwrap().0, plain, "from two lists of two kinds");
}

#[test]
fn every_line_is_counted_as_what_became_of_it() {
    let long = "k".repeat(257);
    let endless = "e".repeat(1_000_000);
    let list = [
        b"\xef\xbb\xbfwith a mark before it\r\n".as_slice(),
        b"\n\r\n",
        b"seven c\n",
        b"seven c\xc3\xa9\n",
        long.as_bytes(),
        b"\n",
        endless.as_bytes(),
        b"\nmot de passe oubli\xe9\n",
        b"mot de passe oublie\xcc\x81\n",
        b" blanks around it \n",
        b"the last line has no end",
    ]
    .concat();
    let (file, kept) = built(&list);

    let expected =
        Kept { lines: 11, passwords: 5, repeated: 1, too_short: 1, too_long: 2, empty: 2, latin1: 1, too_rare: 0 };
    assert_eq!(kept, expected);
    let filter = Filter::read(file.as_slice()).unwrap();
    for text in [
        "with a mark before it",
        "seven c\u{e9}",
        "mot de passe oubli\u{e9}",
        " blanks around it ",
        "the last line has no end",
    ] {
        assert!(filter.contains(&password(text)), "{text:?}");
    }
    for text in ["blanks around it", "seven c", &long[1..]] {
        assert!(!filter.contains(&password(text)), "{text:?}");
    }
}

#[test]
fn a_line_is_the_same_however_the_reader_cuts_it() {
    let list = "first password\r\nsecond password\r\n\r\nthird password";
    for capacity in [1, 2, 3, 7, 16] {
        let mut builder = FilterBuilder::new(0);
        builder.read(BufReader::with_capacity(capacity, list.as_bytes()), ListForm::Detect).unwrap();
        assert_eq!(builder.finish().unwrap(), built(list), "{capacity}");
    }
}

#[test]
fn hashes_that_were_seen_too_seldom_are_left_out() {
    let lines = [("often seen one", 100), ("just enough of it", 10), ("hardly ever seen", 9)];
    let list = lines.map(|(text, seen)| format!("{}:{seen}", sha1_line(text))).join("\n");
    let mut builder = FilterBuilder::new(10);
    builder.read(list.as_bytes(), ListForm::Sha1).unwrap();
    let (file, kept) = builder.finish().unwrap();

    assert_eq!((kept.passwords, kept.too_rare), (2, 1));
    let filter = Filter::read(file.as_slice()).unwrap();
    assert!(filter.contains(&password("just enough of it")) && !filter.contains(&password("hardly ever seen")));
}

#[test]
fn a_list_without_counts_will_do_where_all_are_wanted() {
    let mut builder = FilterBuilder::new(1);
    builder.read(sha1_line("some password").as_bytes(), ListForm::Sha1).unwrap();
    assert_eq!(builder.finish().unwrap().1.passwords, 1);
}

#[test]
fn where_all_room_is_taken_repetitions_make_some_and_strangers_none() {
    let few = || {
        let mut builder = FilterBuilder::new(0);
        builder.most = 3;
        builder
    };
    let mut repeating = few();
    repeating.read("password one\n".repeat(9).as_bytes(), ListForm::Plain).unwrap();
    repeating.read("password two\npassword one\n".as_bytes(), ListForm::Plain).unwrap();
    let kept = repeating.finish().unwrap().1;
    assert_eq!((kept.lines, kept.passwords, kept.repeated), (11, 2, 9));

    let mut crowded = few();
    crowded.read(many("crowded", 3).as_bytes(), ListForm::Plain).unwrap();
    let refused = crowded.read("one more of them".as_bytes(), ListForm::Plain);
    assert!(matches!(refused, Err(ListError::TooMany)), "{refused:?}");
}

#[test]
fn what_only_resembles_a_hash_is_a_password() {
    let hash = sha1_line("some password");
    for text in [format!("{}:", &hash[..32]), format!("{}:3x", &hash[..32]), format!("{}:3", "k".repeat(32))] {
        assert!(filter_of(&text).contains(&password(&text)), "{text}");
    }
}

#[test]
fn a_line_that_was_cut_within_a_letter_is_still_only_too_long() {
    let kept = built(format!("k{}\nsome password\n", "\u{e9}".repeat(5_000))).1;
    assert_eq!(kept, Kept { lines: 2, passwords: 1, too_long: 1, ..Kept::default() });
}

#[test]
fn a_list_whose_reading_is_interrupted_is_read_on_and_one_that_fails_is_none() {
    struct Disturbed(Option<io::ErrorKind>);
    impl Read for Disturbed {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.take().map_or(Ok(0), |kind| Err(kind.into()))
        }
    }
    let read = |kind| {
        let list = BufReader::new("some password\n".as_bytes().chain(Disturbed(Some(kind))));
        let mut builder = FilterBuilder::new(0);
        builder.read(list, ListForm::Plain).map(|()| builder.finish().unwrap().1.passwords)
    };
    assert_eq!(read(io::ErrorKind::Interrupted).unwrap(), 1);
    let refused = read(io::ErrorKind::PermissionDenied).unwrap_err();
    assert!(matches!(refused, ListError::Io(_)), "{refused:?}");
}

#[test]
fn a_list_that_is_not_what_it_seems_is_refused_with_its_line() {
    let hash = sha1_line("some password");
    assert!(matches!(list_refused(format!("{hash}:3\nplain text\n"), 0), ListError::NoHash(2)));
    assert!(matches!(list_refused(format!("{hash}:3\n{hash}:three\n"), 0), ListError::NoHash(2)));
    assert!(matches!(list_refused(format!("{hash}:3\n{}+A:3\n", &hash[2..]), 0), ListError::NoHash(2)));
    assert!(matches!(list_refused(format!("{hash}:3\n{hash}\n"), 2), ListError::NoCount(2)));
    assert!(matches!(list_refused(format!("{}:3\n", &hash[..32]), 0), ListError::Ntlm(1)));
    assert!(matches!(list_refused(b"\xff\xfep\0a\0s\0s\0", 0), ListError::Utf16));
    for empty in ["", "\n\n", "short\n"] {
        assert!(matches!(list_refused(empty, 0), ListError::Nothing), "{empty:?}");
    }
}

#[test]
fn a_password_that_looks_like_a_hash_can_be_listed_as_what_it_is() {
    let text = sha1_line("some password");
    let mut builder = FilterBuilder::new(0);
    builder.read(text.as_bytes(), ListForm::Plain).unwrap();
    let filter = Filter::read(builder.finish().unwrap().0.as_slice()).unwrap();
    assert!(filter.contains(&password(&text)) && !filter.contains(&password("some password")));
}

#[test]
fn one_and_two_passwords_are_a_filter_too() {
    for list in ["only one of them", "only one of them\nand another one"] {
        let filter = filter_of(list);
        assert!(list.lines().all(|line| filter.contains(&password(line))));
        assert!(!filter.contains(&password("nobody has listed this")));
    }
}

#[test]
fn every_cut_every_flipped_bit_and_every_added_byte_is_found() {
    let (file, _) = built(many("breached", 20));
    for length in 0..file.len() {
        let error = refused(&file[..length]);
        let expected = if length < 8 { FormatError::NoFilter } else { FormatError::Truncated };
        assert_eq!(error, expected, "cut after {length} of {}", file.len());
    }
    for at in 0..file.len() {
        for bit in 0..8 {
            let mut changed = file.clone();
            changed[at] ^= 1 << bit;
            assert!(Filter::read(changed.as_slice()).is_err(), "bit {bit} of byte {at}");
        }
    }
    assert_eq!(refused(&[file.as_slice(), b"\n"].concat()), FormatError::TooLong);
}

#[test]
fn each_reason_to_refuse_a_file_says_what_it_is() {
    let (file, _) = built(many("breached", 20));
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = file.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    for (changed, error) in [
        (b"password1\nletmein\n".to_vec(), FormatError::NoFilter),
        (with(8, &2_u16.to_le_bytes()), FormatError::Version(2)),
        (with(10, &[2]), FormatError::Foreign),
        (with(11, &[0]), FormatError::Foreign),
        (with(12, &[3]), FormatError::Foreign),
        (with(15, &[1]), FormatError::Foreign),
        (with(16, &0_u64.to_le_bytes()), FormatError::Geometry),
        (with(16, &u64::MAX.to_le_bytes()), FormatError::Geometry),
        (with(32, &0_u32.to_le_bytes()), FormatError::Geometry),
        (with(32, &3_u32.to_le_bytes()), FormatError::Geometry),
        (with(32, &[3_u32.to_le_bytes(), 6_u32.to_le_bytes()].concat()), FormatError::Geometry),
        (with(32, &[(MAX_SEGMENT * 2).to_le_bytes(); 2].concat()), FormatError::Geometry),
        (with(10, &[2])[..16].to_vec(), FormatError::Foreign),
        (with(32, &(1_u32 << 31).to_le_bytes()), FormatError::Geometry),
        (with(36, &0_u32.to_le_bytes()), FormatError::Geometry),
        (with(36, &u32::MAX.to_le_bytes()), FormatError::Geometry),
        (with(24, &[0xaa]), FormatError::Corrupt),
        (with(80, &[!file[80]]), FormatError::Corrupt),
    ] {
        assert_eq!(refused(&changed), error);
    }
}

/// A file of nothing but a head that promises 4 GiB.
#[test]
fn no_memory_is_taken_on_the_word_of_the_head() {
    struct Watched {
        file: Cursor<Vec<u8>>,
        greatest: usize,
    }
    impl Read for Watched {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.greatest = self.greatest.max(buffer.len());
            self.file.read(buffer)
        }
    }
    let (mut file, _) = built(many("breached", 20));
    file.truncate(HEADER_BYTES);
    file[32..36].copy_from_slice(&(1_u32 << 18).to_le_bytes());
    file[36..40].copy_from_slice(&((1_u32 << 31) - (1 << 19)).to_le_bytes());
    assert_eq!(Header::parse(&file).unwrap().body_bytes(), 1 << 32);

    let mut watched = Watched { file: Cursor::new(file), greatest: 0 };
    let refused = Filter::read(&mut watched);

    assert!(matches!(refused, Err(FilterError::Format(FormatError::Truncated))));
    assert!(watched.greatest <= CHUNK, "{}", watched.greatest);
}

#[test]
fn a_reader_that_fails_is_no_filter() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
    let (file, _) = built(many("breached", 20));
    assert!(matches!(Filter::read(Broken), Err(FilterError::Io(_))));
    assert!(matches!(Filter::read(file[..100].chain(Broken)), Err(FilterError::Io(_))));
}

proptest! {
    #[test]
    fn what_was_on_the_list_is_always_found(words in proptest::collection::btree_set("[^\r\n\0\u{feff}]{8,24}", 1..40)) {
        let list: String = words.iter().map(|word| format!("{word}\n")).collect();
        let mut builder = FilterBuilder::new(0);
        builder.read(list.as_bytes(), ListForm::Plain).unwrap();
        // Composition may make all of them shorter than any password.
        if let Ok((file, _)) = builder.finish() {
            let filter = Filter::read(file.as_slice()).unwrap();
            for word in words.iter().map(|word| password(word)).filter(|word| word.code_points() >= 8) {
                prop_assert!(filter.contains(&word));
            }
        }
    }

    #[test]
    fn the_look_up_is_that_of_the_library(keys in proptest::collection::btree_set(any::<u64>(), 1..2_000), others: Vec<u64>) {
        let keys: Vec<_> = keys.into_iter().collect();
        let library = xorf::BinaryFuse16::try_from(keys.as_slice()).unwrap();
        let header = Header {
            entries: keys.len() as u64,
            seed: library.descriptor.seed,
            segment_length: library.descriptor.segment_length,
            segment_count_length: library.descriptor.segment_count_length,
            checksum: [0; 32],
        };
        let body: Vec<u8> = library.fingerprints.iter().flat_map(|print| print.to_le_bytes()).collect();
        prop_assert_eq!(header.body_bytes(), body.len() as u64);
        let ours = Filter { header, fingerprints: Cow::Owned(body) };
        for key in keys.iter().chain(&others) {
            prop_assert_eq!(ours.holds(*key), library.contains(key));
        }
    }

    #[test]
    fn bytes_of_any_kind_are_refused_without_a_fall(bytes: Vec<u8>) {
        prop_assert!(Filter::read(bytes.as_slice()).is_err());
    }

    #[test]
    fn a_head_of_any_kind_is_refused_without_a_fall(entries: u64, length: u32, rest: u32, body: Vec<u8>) {
        let header = Header { entries, seed: 1, segment_length: length, segment_count_length: rest, checksum: [0; 32] };
        let file = [header.before_checksum().as_slice(), &header.checksum, &body].concat();
        prop_assert!(Filter::read(file.as_slice()).is_err());
    }
}

#[test]
fn a_fingerprint_tells_two_filters_apart() {
    let (one, other) = (filter_of("first password\n").fingerprint(), filter_of("second password\n").fingerprint());
    assert_ne!(one, other);
    assert!([one, other].iter().all(|f| f.len() == 16 && f.bytes().all(|b| b.is_ascii_hexdigit())));
}

#[test]
fn a_reading_that_is_interrupted_goes_on_and_one_that_fails_does_not() {
    struct Disturbed<'a>(&'a [u8], Vec<io::ErrorKind>);

    impl Read for Disturbed<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            // The header comes first, in whatever pieces.
            if BUILT_IN_FILE.len() - self.0.len() >= HEADER_BYTES
                && let Some(kind) = self.1.pop()
            {
                return Err(kind.into());
            }
            self.0.read(buffer)
        }
    }

    let interrupted = Filter::read(Disturbed(BUILT_IN_FILE, vec![io::ErrorKind::Interrupted; 2]));
    assert_eq!(interrupted.unwrap().fingerprint(), Filter::built_in().unwrap().fingerprint());
    let failed = Filter::read(Disturbed(BUILT_IN_FILE, vec![io::ErrorKind::BrokenPipe]));
    assert!(matches!(failed, Err(FilterError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe));
}
