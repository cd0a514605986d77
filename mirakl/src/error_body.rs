//! What the body of a refusal tells. A sentence may quote a person, so few of them are kept.

/// Longest message that is kept, in letters.
const WORDS_MAX: usize = 200;

/// The message of a refusal whose request held nothing personal; letters that are not plain fall out.
pub(crate) fn words_in(call: &str, body: &[u8]) -> Option<String> {
    if !matches!(call, "OR28" | "OR30" | "OR64") {
        return None;
    }
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let message = body.get("message")?.as_str()?;
    let plain = |c: &char| c.is_ascii_alphanumeric() || " .,:;'()/_-%".contains(*c);
    let words: String = message.chars().filter(plain).take(WORDS_MAX).collect();
    let words = words.trim();
    (!words.is_empty()).then(|| words.to_owned())
}

/// Keeps a code of the other side only if it has the shape of one: a sentence may quote a person.
pub(crate) fn plain_code(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    ((1..=64).contains(&text.len()) && text.chars().all(plain)).then(|| text.to_owned())
}

/// Does the message of an error body name the shop's balance? Mirakl has no code for it.
///
/// Source: Mirakl seller API, OR28; the words are as sellers have seen them.
pub(crate) fn names_balance(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Told {
        message: Option<String>,
    }
    let told: Option<Told> = serde_json::from_slice(body).ok();
    let message = told.and_then(|told| told.message).unwrap_or_default();
    let message = message.to_lowercase();
    message.contains("sufficient") && message.contains("balance")
}

/// Finds the code of an error body: `code` or `error_code`, at the root or in its first `errors`.
pub(crate) fn code_in(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let here = |value: &serde_json::Value| {
        ["code", "error_code"]
            .iter()
            .find_map(|key| plain_code(value.get(*key)?.as_str()?))
    };
    here(&body).or_else(|| here(body.get("errors")?.get(0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_kept_only_in_the_shape_of_a_code() {
        for (body, code) in [
            (
                r#"{"status":400,"code":"ORDER_INVALID_STATE","message":"Ann Lee"}"#,
                Some("ORDER_INVALID_STATE"),
            ),
            (r#"{"error_code":"05.read-only"}"#, Some("05.read-only")),
            (
                r#"{"errors":[{"code":"VALIDATION_ERROR","field":"x"}]}"#,
                Some("VALIDATION_ERROR"),
            ),
            (r#"{"code":"Ann Lee lives here"}"#, None),
            (r#"{"code":"a@b.example"}"#, None),
            (r#"{"code":400}"#, None),
            (r#"{"message":"no"}"#, None),
            (r#"{"errors":[]}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(code_in(body.as_bytes()).as_deref(), code, "{body}");
        }
        assert_eq!(plain_code(&"A".repeat(65)), None);
        assert_eq!(plain_code(""), None);
    }

    #[test]
    fn the_words_of_a_refused_refund_are_kept_and_of_nothing_else() {
        let body = r#"{"status":400,"message":"The shop has no \"balance\" <b>\n","code":"X"}"#;
        let words = |call| words_in(call, body.as_bytes());
        assert_eq!(words("OR28").as_deref(), Some("The shop has no balance b"));
        assert_eq!(words("OR21"), None);
        let long = format!(r#"{{"message":"{}"}}"#, "a".repeat(500));
        assert_eq!(words_in("OR30", long.as_bytes()).unwrap().len(), WORDS_MAX);
        for nothing in ["", "[]", r#"{"message":7}"#, r#"{"message":" <> "}"#] {
            assert_eq!(words_in("OR28", nothing.as_bytes()), None, "{nothing}");
        }
    }

    #[test]
    fn a_refusal_for_lack_of_balance_is_told_by_its_sentence() {
        for (body, expected) in [
            (
                r#"{"status":400,"message":"The shop has no sufficient payable balance"}"#,
                true,
            ),
            (r#"{"message":"Insufficient pending balance"}"#, true),
            (r#"{"message":"amount 60 exceeds the balance"}"#, false),
            (r#"{"message":7}"#, false),
            ("<html>insufficient balance</html>", false),
        ] {
            assert_eq!(names_balance(body.as_bytes()), expected, "{body}");
        }
    }
}
