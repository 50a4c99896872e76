//! Who keeps a passkey, by the number of its make: a first name for it, and nothing more.
//!
//! Without attestation nobody vouches for the number, so that no rule may depend on it.

/// Bytes of authenticator data before the number: hash of the relying party id, flags, counter (WebAuthn Level 3 section 6.1).
const BEFORE: usize = 37;

/// What the keeper of a passkey with this authenticator data is called, where it is one of the widespread ones.
pub(super) fn provider(authenticator_data: &[u8]) -> Option<&'static str> {
    let number: &[u8; 16] = authenticator_data.get(BEFORE..)?.first_chunk()?;
    let number = u128::from_be_bytes(*number);
    KNOWN.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// AAGUIDs as their makers publish them.
const KNOWN: &[(u128, &str)] = &[
    (0xea9b_8d66_4d01_1d21_3ce4_b6b4_8cb5_75d4, "Google Password Manager"),
    (0xfbfc_3007_154e_4ecc_8c0b_6e02_0557_d7bd, "iCloud Keychain"),
    (0xadce_0002_35bc_c60a_648b_0b25_f1f0_5503, "Chrome on Mac"),
    (0x0898_7058_cadc_4b81_b6e1_30de_50dc_be96, "Windows Hello"),
    (0x9ddd_1817_af5a_4672_a2b9_3e3d_d950_00a9, "Windows Hello"),
    (0x6028_b017_b1d4_4c02_b4b3_afcd_afc9_6bb2, "Windows Hello"),
    (0xbada_5566_a7aa_401f_bd96_4561_9a55_120d, "1Password"),
    (0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349, "Bitwarden"),
    (0x5311_26d6_e717_415c_9320_3d9a_a698_1239, "Dashlane"),
    (0x5341_4d53_554e_4700_0000_0000_0000_0000, "Samsung Pass"),
    (0xfdb1_41b2_5d84_443e_8a35_4698_c205_a502, "KeePassXC"),
    (0x5072_6f74_6f6e_5061_7373_5072_6f74_6f6e, "Proton Pass"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read_where_it_stands() {
        let mut data = vec![0; BEFORE];
        data.extend(0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349_u128.to_be_bytes());

        assert_eq!(provider(&data), Some("Bitwarden"));
        data[BEFORE] ^= 1;
        assert_eq!(provider(&data), None);
        assert_eq!(provider(&data[..BEFORE + 15]), None);
        assert_eq!(provider(&[]), None);
    }
}
