//! Lines of any input, in bounded memory.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// The longest line that is read, in bytes.
pub(super) const LIMIT: usize = 10_000_000;
const BUFFER: usize = 256 << 10;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Its bytes, without the line feed.
    Bytes(&'a [u8]),
    /// It is longer than [`LIMIT`] and was skipped.
    TooLong,
}

/// The lines of an input. A line that lies in the buffer as a whole is not copied.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    /// How much of the buffer the last line took.
    used: usize,
    /// A line that came in pieces.
    pieces: Vec<u8>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(BUFFER, input), used: 0, pieces: Vec::new() }
    }

    /// The next line. Before the input may make us wait, `before_waiting` is called.
    pub(super) fn next(&mut self, before_waiting: impl FnMut() -> io::Result<()>) -> io::Result<Option<Line<'_>>> {
        self.input.consume(std::mem::take(&mut self.used));
        match memchr::memchr(b'\n', self.input.buffer()) {
            Some(end) => {
                self.used = end + 1;
                Ok(Some(Line::Bytes(&self.input.buffer()[..end])))
            }
            None => self.gather(before_waiting),
        }
    }

    fn gather(&mut self, mut before_waiting: impl FnMut() -> io::Result<()>) -> io::Result<Option<Line<'_>>> {
        self.pieces.clear();
        let mut length = 0;
        loop {
            let buffer = self.input.buffer();
            let end = memchr::memchr(b'\n', buffer);
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            length += piece.len();
            if length <= LIMIT {
                self.pieces.extend_from_slice(piece);
            }
            let used = piece.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                break;
            }
            before_waiting()?;
            if is_at_end(&mut self.input)? {
                match length {
                    0 => return Ok(None),
                    _ => break,
                }
            }
        }
        Ok(Some(if length <= LIMIT { Line::Bytes(&self.pieces) } else { Line::TooLong }))
    }
}

fn is_at_end(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            filled => return filled.map(<[u8]>::is_empty),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// An input that gives at most a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(buffer.len());
            self.0.read(&mut buffer[..most])
        }
    }

    fn lines(input: &[u8], most: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(Slow(input, most));
        let mut found = Vec::new();
        while let Some(line) = lines.next(|| Ok(())).unwrap() {
            found.push(match line {
                Line::Bytes(bytes) => Some(bytes.to_vec()),
                Line::TooLong => None,
            });
        }
        found
    }

    #[test]
    fn a_line_is_the_same_however_it_arrives() {
        for input in ["", "a", "a\n", "\n", "a\n\nbc\r\nd", "\n\n", "long long long line\nx\n"] {
            let expected: Vec<_> = input.split_terminator('\n').map(|line| Some(line.as_bytes().to_vec())).collect();
            for most in [1, 2, 3, 7, BUFFER] {
                assert_eq!(lines(input.as_bytes(), most), expected, "{input:?} by {most}");
            }
        }
    }

    #[test]
    fn a_line_beyond_the_limit_is_skipped_and_the_next_one_is_read() {
        let mut input = vec![b'x'; LIMIT];
        input.extend_from_slice(b"\n");
        assert_eq!(lines(&input, usize::MAX)[0].as_ref().map(Vec::len), Some(LIMIT));
        input.splice(0..0, *b"x");
        input.extend_from_slice(b"next\n");
        assert_eq!(lines(&input, usize::MAX), [None, Some(b"next".to_vec())]);
    }

    #[test]
    fn nothing_waits_while_a_whole_line_is_there() {
        let mut lines = Lines::new(&b"a\nb\nc"[..]);
        let waits = Cell::new(0);
        let wait = || {
            waits.set(waits.get() + 1);
            Ok(())
        };
        let mut seen = Vec::new();
        while lines.next(wait).unwrap().is_some() {
            seen.push(waits.get());
        }
        // Before the first read, and before the end is found behind "c".
        assert_eq!((seen, waits.get()), (vec![1, 1, 2], 3));
    }
}
