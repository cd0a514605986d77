//! Words that a site may extend: the known ones are variants, an unknown one is kept as it came.

/// Declares an enum of words, with `as_str` and a last variant that keeps what is not known.
macro_rules! words {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $( $(#[$doc:meta])* $variant:ident = $word:literal, )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$doc])* #[serde(rename = $word)] $variant, )+
            /// A word this client does not know, as it came. Hold the record; never guess.
            #[serde(untagged)]
            Unknown(String),
        }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $word, )+
                    Self::Unknown(word) => word,
                }
            }
        }
    };
}

pub(crate) use words;
