//! What an answer changes in a message: data, applied by the rim.

/// One change to a request or response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replace all lines of a header with this one.
    Header {
        /// The name in lower case: the member of the header map.
        name: String,
        /// The name as it is written on the wire.
        key: String,
        /// The value.
        value: String,
    },
    /// Make one line of all lines of a header, and add a member at the end of its list.
    Append {
        /// The name in lower case: the member of the header map.
        name: String,
        /// The name as it is written on the wire.
        key: String,
        /// The member to add.
        value: String,
    },
    /// Add a line to a header; the lines that it has stay as they are.
    Line {
        /// The name in lower case: the member of the header map.
        name: String,
        /// The name as it is written on the wire.
        key: String,
        /// The line's value.
        value: String,
    },
    /// Remove all lines of a header.
    Remove {
        /// The name in lower case: the member of the header map.
        name: String,
    },
    /// Replace all lines of a header with one that holds the viewer's host: the first line of `host`. Where that is missing or
    /// is no host, remove them.
    ForwardHost {
        /// The name in lower case: the member of the header map.
        name: String,
        /// The name as it is written on the wire.
        key: String,
    },
    /// Remove every cookie of this name from the request, and leave the others as they are, byte for byte.
    RemoveCookie {
        /// The cookie's name.
        name: String,
    },
    /// No change: write a line to the log, the first time after a start, with the origin's domain name behind it.
    LogOrigin {
        /// What is written before the name.
        text: String,
    },
    /// Replace a field of the origin, custom or S3, if the origin has that field. The `region` of an S3 origin is added, if it
    /// has none: an origin access identity needs it
    /// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>).
    Origin {
        /// The field's name in the event.
        field: &'static str,
        /// Its new value.
        value: OriginValue,
    },
}

/// A value of an origin's field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginValue {
    /// A text, such as a domain name.
    Text(String),
    /// A port.
    Number(u16),
}

impl Edit {
    /// Replaces all lines of a header with one.
    #[must_use]
    pub fn header(key: &str, value: &str) -> Self {
        Self::Header { name: key.to_ascii_lowercase(), key: key.into(), value: value.into() }
    }

    /// Passes the viewer's host on in a header.
    #[must_use]
    pub fn forward_host(key: &str) -> Self {
        Self::ForwardHost { name: key.to_ascii_lowercase(), key: key.into() }
    }

    /// Adds a member at the end of a header's list.
    #[must_use]
    pub fn append(key: &str, value: &str) -> Self {
        Self::Append { name: key.to_ascii_lowercase(), key: key.into(), value: value.into() }
    }

    /// Adds a line to a header.
    #[must_use]
    pub fn line(key: &str, value: &str) -> Self {
        Self::Line { name: key.to_ascii_lowercase(), key: key.into(), value: value.into() }
    }

    /// Removes all lines of a header.
    #[must_use]
    pub fn remove(name: &str) -> Self {
        Self::Remove { name: name.to_ascii_lowercase() }
    }

    /// Replaces a text of the origin.
    #[must_use]
    pub fn origin(field: &'static str, value: &str) -> Self {
        Self::Origin { field, value: OriginValue::Text(value.into()) }
    }

    /// Replaces the origin's port.
    #[must_use]
    pub fn port(port: u16) -> Self {
        Self::Origin { field: "port", value: OriginValue::Number(port) }
    }
}

impl OriginValue {
    /// Writes it as JSON.
    pub(crate) fn json(&self, out: &mut String) {
        match self {
            Self::Text(text) => quote(text, out),
            Self::Number(number) => out.push_str(&number.to_string()),
        }
    }
}

/// Writes a text in JSON's quotes.
pub(crate) fn quote(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let byte = rest.as_bytes()[at];
        out.push_str(&rest[..at]);
        out.push_str("\\u00");
        out.extend([byte >> 4, byte & 0xF].map(|digit| char::from(HEX[usize::from(digit)])));
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}
