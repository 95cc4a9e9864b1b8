use std::fmt;

use onebox_core::Secret;

/// The bytes of a secret. It is not shown to anybody; a packaged configuration holds it as `hex:…`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Vec<u8>);

impl SecretText {
    /// A secret of these bytes.
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for a function that signs and checks by itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret, ready to sign.
    pub(super) fn secret(&self) -> Secret {
        Secret::new(&self.0)
    }
}

/// The fewest bytes that a secret has.
#[cfg(not(target_family = "wasm"))]
const SHORTEST: usize = 16;

#[cfg(not(target_family = "wasm"))]
impl SecretText {
    /// The secret that a setting stands for: `env:NAME` by what the variable holds, or `hex:` and the bytes.
    pub(super) fn read(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let bytes = if let Some(name) = text.strip_prefix("env:") {
            if name.is_empty() {
                return Err(
                    "expected the name of an environment variable behind \"env:\", such as \"env:ONEBOX_SECRET\""
                        .into(),
                );
            }
            let value = variable(name)
                .ok_or_else(|| format!("the environment variable {name} is not set: it has to hold the secret"))?;
            let wrong = if value.is_empty() {
                "is empty"
            } else if value.contains(char::REPLACEMENT_CHARACTER) {
                "holds what is not UTF-8"
            } else {
                ""
            };
            if !wrong.is_empty() {
                return Err(format!(
                    "the environment variable {name} {wrong}: it has to hold the secret, for example what \
                     `openssl rand -hex 32` prints"
                ));
            }
            value.into_bytes()
        } else if let Some(digits) = text.strip_prefix("hex:") {
            hex(digits).ok_or("expected pairs of hexadecimal digits behind \"hex:\"")?
        } else {
            return Err("expected \"env:NAME\", the environment variable that holds the secret".into());
        };
        if bytes.len() < SHORTEST {
            return Err(format!("the secret has {} bytes, and needs at least {SHORTEST}", bytes.len()));
        }
        if let Some(weakness) = weakness(&bytes) {
            return Err(format!("the secret {weakness}: generate one, for example with `openssl rand -hex 32`"));
        }
        // The same file read by a shell and by another tool would give two secrets.
        if text.starts_with("env:") && bytes.trim_ascii().len() < bytes.len() {
            return Err("the secret begins or ends with a blank or a line break: remove it".into());
        }
        Ok(Self(bytes))
    }

    /// The setting of a packaged configuration.
    pub(super) fn setting(&self) -> String {
        let digits: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("hex:{digits}")
    }
}

/// The fewest different bytes that a secret has. A random one of 16 hexadecimal digits hardly ever has fewer.
#[cfg(not(target_family = "wasm"))]
const FEWEST: usize = 4;

/// Why a secret of enough bytes is none: whoever tries a few finds it.
#[cfg(not(target_family = "wasm"))]
fn weakness(bytes: &[u8]) -> Option<&'static str> {
    if std::str::from_utf8(bytes).is_ok_and(|text| text.trim().is_empty()) {
        return Some("is blank");
    }
    let different = (0..=u8::MAX).filter(|byte| bytes.contains(byte)).count();
    (different < FEWEST).then_some("repeats one or a few characters")
}

#[cfg(not(target_family = "wasm"))]
fn hex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}
