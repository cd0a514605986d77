//! Sealing of what names a person: AES-256-GCM, one data key an order, wrapped by the master key.
//!
//! A sealed text is `1:` and the base64 of nonce, ciphertext and tag. The associated data names the
//! format, the table and the row, so a ciphertext moved to another row does not open.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::Rng;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

const VERSION: &str = "1";
const ALGORITHM: &str = "aes-256-gcm";
const NONCE_LEN: usize = 12;

/// The key that wraps every data key. It is wiped from memory when dropped.
pub struct MasterKey(SealKey);

impl MasterKey {
    /// Takes a key as [`MasterKey::to_base64`] writes it; spaces around do not count.
    ///
    /// # Errors
    /// [`Error::BadMasterKey`] when it is not 32 bytes in base64.
    pub fn from_base64(text: &str) -> Result<Self> {
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text.trim())
                .map_err(|_| Error::BadMasterKey)?,
        );
        SealKey::from_slice(&bytes)
            .map(Self)
            .ok_or(Error::BadMasterKey)
    }

    /// A new random key.
    pub fn generate() -> Self {
        Self(SealKey::generate())
    }

    /// The key as text, to be kept where secrets are kept.
    pub fn to_base64(&self) -> SecretString {
        SecretString::from(STANDARD.encode(self.0.bytes()))
    }

    pub(crate) fn key(&self) -> &SealKey {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey([redacted])")
    }
}

/// Where a sealed text stands; each part counts.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub table: &'a str,
    pub row: &'a [&'a str],
}

impl Place<'_> {
    /// Every part with its length before it, so that no two places read the same.
    fn associated_data(&self) -> Vec<u8> {
        let parts = [VERSION, ALGORITHM, self.table].into_iter();
        let mut bytes = Vec::new();
        for part in parts.chain(self.row.iter().copied()) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// 32 bytes that seal and open.
pub(crate) struct SealKey(Zeroizing<[u8; 32]>);

impl SealKey {
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rand::rng().fill_bytes(&mut *bytes);
        Self(bytes)
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut key = Zeroizing::new([0_u8; 32]);
        (bytes.len() == key.len()).then(|| {
            key.copy_from_slice(bytes);
            Self(key)
        })
    }

    pub fn bytes(&self) -> &[u8] {
        &*self.0
    }

    fn cipher(&self) -> Aes256Gcm {
        let key: &Key<Aes256Gcm> = (&*self.0).into();
        Aes256Gcm::new(key)
    }

    /// Seals with a fresh random nonce.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<String> {
        let mut nonce = [0_u8; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: &place.associated_data(),
        };
        let sealed = self.cipher().encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::Corrupt {
            what: "a message too long to be sealed",
        })?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Ok(format!("{VERSION}:{}", STANDARD.encode(bytes)))
    }

    /// Opens what was sealed for this place; `None` when anything at all was changed.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let text = sealed.strip_prefix(VERSION)?.strip_prefix(':')?;
        let bytes = STANDARD.decode(text).ok()?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let payload = Payload {
            msg: ciphertext,
            aad: &place.associated_data(),
        };
        let plain = self.cipher().decrypt(&Nonce::from(*nonce), payload).ok()?;
        Some(Zeroizing::new(plain))
    }

    pub fn open_text(&self, place: Place<'_>, sealed: &str, what: &'static str) -> Result<String> {
        let plain = self.open(place, sealed).ok_or(Error::Corrupt { what })?;
        let text = std::str::from_utf8(&plain).map_err(|_| Error::Corrupt { what })?;
        Ok(text.to_owned())
    }

    /// Keyed fingerprint: the same text gives the same words, and without the key nobody can
    /// try out which text that was.
    pub fn fingerprint(&self, text: &str) -> String {
        let inner = Sha256::new()
            .chain_update(self.bytes())
            .chain_update(b"fingerprint")
            .chain_update(text.as_bytes())
            .finalize();
        let outer = Sha256::new()
            .chain_update(self.bytes())
            .chain_update(inner)
            .finalize();
        STANDARD.encode(outer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    const HERE: Place<'static> = Place {
        table: "orders",
        row: &["nw/C-1-A"],
    };

    #[test]
    fn a_sealed_text_opens_with_its_key_and_in_its_place_only() {
        let key = SealKey::generate();
        let sealed = key.seal(HERE, b"Rue de la Paix").unwrap();
        assert_eq!(&**key.open(HERE, &sealed).unwrap(), b"Rue de la Paix");
        assert!(SealKey::generate().open(HERE, &sealed).is_none());
        for (table, row) in [
            ("intents", &["nw/C-1-A"][..]),
            ("orders", &["nw/C-2-A"]),
            ("orders", &["nw/C-1-", "A"]),
        ] {
            assert!(key.open(Place { table, row }, &sealed).is_none());
        }
    }

    #[test]
    fn every_single_changed_byte_is_noticed() {
        let key = SealKey::generate();
        let sealed = key.seal(HERE, b"x").unwrap();
        for at in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(key.open(HERE, &changed).is_none(), "{at}");
        }
        for cut in ["", "1", "1:", "1:AAAA", &sealed[..sealed.len() - 4]] {
            assert!(key.open(HERE, cut).is_none());
        }
    }

    #[test]
    fn nonces_do_not_repeat() {
        let key = SealKey::generate();
        let nonce = || key.seal(HERE, b"").unwrap()[2..18].to_owned();
        let all: std::collections::BTreeSet<String> = (0..20_000).map(|_| nonce()).collect();
        assert_eq!(all.len(), 20_000);
    }

    #[test]
    fn a_master_key_goes_through_text_and_never_through_debug() {
        let key = MasterKey::generate();
        let text = key.to_base64();
        let back = MasterKey::from_base64(&format!(" {}\n", text.expose_secret())).unwrap();
        assert_eq!(back.key().bytes(), key.key().bytes());
        assert_eq!(format!("{key:?}"), "MasterKey([redacted])");
        for bad in ["", "AAAA", "not base64 at all", &"A".repeat(44)] {
            assert!(matches!(
                MasterKey::from_base64(bad),
                Err(Error::BadMasterKey)
            ));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(plain: Vec<u8>) {
            let key = SealKey::generate();
            let sealed = key.seal(HERE, &plain).unwrap();
            prop_assert_eq!(&**key.open(HERE, &sealed).unwrap(), &plain[..]);
        }

        #[test]
        fn strange_text_never_opens_nor_panics(text in "\\PC{0,80}") {
            prop_assert!(SealKey::generate().open(HERE, &text).is_none());
        }
    }
}
