//! The folder of one release: its journal, the orders left for its driver, and the lock that keeps a second one out.

use std::{
    fmt,
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process,
    time::{Duration, SystemTime},
};

use onebox_release::{Chain, Ending, Header, Journal, JournalError, Record};

use super::{Named, orders::Orders, shelf::DEFAULT};
use crate::Failure;

/// How often the lock is tried.
const TRIES: usize = 5;

/// How long between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// A release's folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// How a command names this release.
    pub(super) fn which(&self, id: &str) -> Named {
        let journals = self.path.parent().map(|journals| journals.display().to_string());
        Named { id: id.to_owned(), journal: journals.filter(|journals| journals != DEFAULT && !journals.is_empty()) }
    }

    /// Where its journal stands.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// The orders that were left for its driver.
    pub(super) fn orders(&self) -> Orders {
        Orders::new(self.path.join("orders"))
    }

    /// Reads the journal; there is none where no release was begun.
    pub(super) fn read(&self) -> Result<Option<Journal>, Failure> {
        let path = self.journal();
        let bytes = match open(&path).and_then(|mut file| read_all(&mut file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::stuck(format!("{} cannot be read: {error}", path.display()))),
        };
        Journal::read(&bytes).map(Some).map_err(|error| {
            let why = match error {
                // A journal is there with its first line, or not at all.
                JournalError::Empty => "it was emptied, or cut within its first line. Put it back; where it is lost, \
                                        `onebox release adopt FUNCTION:ALIAS` puts each alias right"
                    .to_owned(),
                error if bytes.windows(2).any(|pair| pair == b"\r\n") => {
                    format!(
                        "{error}. Its line feeds were made CRLF, as git's autocrlf does: make them line feeds again"
                    )
                }
                error => error.to_string(),
            };
            Failure::stuck(format!("{}: {why}", path.display()))
        })
    }

    /// Reads on where this journal ends.
    pub(super) fn tail(&self, journal: &Journal) -> Tail {
        Tail { path: self.journal(), offset: journal.whole as u64, chain: journal.chain.clone() }
    }

    /// Whether somebody drives the release now: who, as far as that is known.
    pub(super) fn driver(&self) -> Option<String> {
        let is_journal_locked = || {
            let journal = open(&self.journal()).ok()?;
            matches!(hold(&journal), Err(TryLockError::WouldBlock)).then(String::new)
        };
        if !self.path.join("lock").exists() {
            return is_journal_locked();
        }
        match self.lock() {
            Ok(_) => is_journal_locked(),
            Err(Locked::Held(pid)) => Some(pid),
            Err(Locked::Failed(_)) => None,
        }
    }

    /// Takes the lock; it is let go with the value, and by the system when the process ends, however it ends.
    pub(super) fn lock(&self) -> Result<Lock, Locked> {
        let path = self.path.join("lock");
        let open = own(OpenOptions::new().read(true).write(true).create(true).truncate(false), &path);
        let mut file = open.map_err(|error| Locked::failed(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { file }),
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // Whoever holds it may not have written its name yet.
                let _ = file.read_to_string(&mut pid);
                Err(Locked::Held(pid.trim().to_owned()))
            }
            Err(TryLockError::Error(error)) => Err(Locked::failed(&path, &error)),
        }
    }

    /// Takes the lock, to drive the release; the folder is made where there is none.
    pub(super) async fn lock_to_drive(&self) -> Result<Lock, Failure> {
        std::fs::create_dir_all(&self.path).map_err(|error| unwritten(&self.path, &error))?;
        let mut tries = TRIES;
        loop {
            match self.lock() {
                // Those who only ask whether anybody drives hold it for a moment.
                Err(Locked::Held(_)) if tries > 1 => tokio::time::sleep(PAUSE).await,
                done => return Ok(done?),
            }
            tries -= 1;
        }
    }

    /// Begins a journal.
    ///
    /// A release that was refused changed nothing: its journal is kept beside the new one.
    pub(super) fn begin(&self, lock: Lock, header: &Header) -> Result<Pen, Failure> {
        let path = self.journal();
        if let Some(journal) = self.read()? {
            self.put_aside(&journal)?;
        }
        self.orders().clear().map_err(|error| unwritten(&self.path, &error))?;
        lock.sign();
        let begin = || {
            // It gets its name with its first line: one without is what an accident left.
            let draft = self.path.join("journal.new");
            let file = own(OpenOptions::new().write(true).create(true).truncate(true), &draft)?;
            hold(&file).map_err(|error| io::Error::other(error.to_string()))?;
            let mut pen = Pen::new(file, draft.clone(), 0, 0, Chain::default(), lock);
            pen.append(header)?;
            std::fs::rename(&draft, &path)?;
            pen.path.clone_from(&path);
            // A new file is there after a power cut only if its folders say so too.
            for folder in self.path.ancestors().take(3) {
                let here = folder.as_os_str().is_empty();
                File::open(if here { Path::new(".") } else { folder })?.sync_all()?;
            }
            Ok(pen)
        };
        begin().map_err(|error| unwritten(&path, &error))
    }

    fn put_aside(&self, journal: &Journal) -> Result<(), Failure> {
        let id = &journal.header.plan.id;
        match journal.ending() {
            Some(Ending::Refused(_)) => {
                let free = (1..).map(|number| self.path.join(format!("refused-{number}.jsonl")));
                let Some(aside) = free.take(1000).find(|path| !path.exists()) else {
                    return Err(Failure::usage(format!("{id} was refused too often: give the release another id")));
                };
                std::fs::rename(self.journal(), &aside).map_err(|error| unwritten(&aside, &error))
            }
            Some(ending) if journal.is_over() => Err(Failure::usage(format!(
                "the release {id} is over ({ending}): give the next one another id, which also draws its visitors anew"
            ))),
            _ => Err(Failure::usage(format!(
                "the release {id} is under way: `onebox release status` shows where it stands, `resume` goes on, `abort` \
                 puts everything back"
            ))),
        }
    }

    /// Opens the journal to go on with it. What was cut from its end is cut off for good.
    pub(super) fn go_on(&self, lock: Lock) -> Result<(Journal, Pen), Failure> {
        let Some(journal) = self.read()? else {
            return Err(Failure::usage(format!("{}: there is no release to go on with", self.path.display())));
        };
        lock.sign();
        let (path, length) = (self.journal(), journal.whole as u64);
        let seq = journal.records.len() as u64;
        let open = || {
            let mut file = own(OpenOptions::new().read(true).write(true), &path)?;
            hold(&file).map_err(|_| io::Error::other("another onebox writes it"))?;
            file.set_len(length)?;
            file.seek(SeekFrom::End(0))?;
            Ok(Pen::new(file, path.clone(), length, seq, journal.chain.clone(), lock))
        };
        let pen = open().map_err(|error| unwritten(&path, &error))?;
        Ok((journal, pen))
    }
}

/// Opens a file of ours for reading: a regular one, as for writing. Anything else may never end.
pub(super) fn open(path: &Path) -> io::Result<File> {
    own(OpenOptions::new().read(true), path)
}

fn read_all(file: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn written(file: &File) -> Option<SystemTime> {
    file.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// Keeps other drivers from the journal itself, where a lock does not keep readers out: the lock's own file may be deleted.
#[cfg(unix)]
fn hold(journal: &File) -> Result<(), TryLockError> {
    journal.try_lock()
}

#[cfg(not(unix))]
fn hold(_journal: &File) -> Result<(), TryLockError> {
    Ok(())
}

/// Opens a file of ours for writing: a regular one, and not what a link leads to.
pub(super) fn own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let plain = match std::fs::symlink_metadata(path) {
        Ok(there) => there.is_file(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(error),
    };
    if !plain {
        return Err(io::Error::other("it is no regular file of onebox: remove it"));
    }
    // One that is put there meanwhile is not followed either.
    #[cfg(target_os = "linux")]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, O_NOFOLLOW);
    options.open(path)
}

/// `O_NOFOLLOW`: <https://man7.org/linux/man-pages/man2/open.2.html>. On ARM it has another value.
#[cfg(all(target_os = "linux", any(target_arch = "aarch64", target_arch = "arm")))]
const O_NOFOLLOW: i32 = 0o100_000;
#[cfg(all(target_os = "linux", not(any(target_arch = "aarch64", target_arch = "arm"))))]
const O_NOFOLLOW: i32 = 0o400_000;

/// Whether a path still leads to an open file.
#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(open), Ok(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Whether a path still leads to a file.
#[cfg(not(unix))]
fn same_file(_file: &File, path: &Path) -> bool {
    path.is_file()
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::stuck(format!(
        "{} cannot be written: {error}. Nothing was done that is not in it: make room or put its folder right, then \
         `onebox release resume`",
        path.display()
    ))
}

/// Keeps a second driver out.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Leaves our name for those who wait outside. The lock holds without it.
    fn sign(&self) {
        let _ = self.file.set_len(0).and_then(|()| (&self.file).write_all(process::id().to_string().as_bytes()));
    }
}

/// Why there is no lock.
#[derive(Debug)]
pub(super) enum Locked {
    /// Another driver has it; its process id, as far as that is known.
    Held(String),
    /// The lock's file cannot be used.
    Failed(Failure),
}

impl Locked {
    fn failed(path: &Path, error: &io::Error) -> Self {
        Self::Failed(unwritten(path, error))
    }
}

impl From<Locked> for Failure {
    fn from(locked: Locked) -> Self {
        match locked {
            Locked::Failed(failure) => failure,
            Locked::Held(pid) => {
                let pid = if pid.is_empty() { String::new() } else { format!(" (pid {pid})") };
                Self::stuck(format!(
                    "another onebox drives this release{pid}: `onebox release watch` follows it, `abort` and `promote` \
                     leave it an order"
                ))
            }
        }
    }
}

/// Writes a journal, line by line, each of them to the disk.
#[derive(Debug)]
pub(super) struct Pen {
    file: File,
    path: PathBuf,
    length: u64,
    seq: u64,
    chain: Chain,
    /// When the file was written last, as far as the system tells.
    written: Option<SystemTime>,
    lock: Lock,
}

impl Pen {
    fn new(file: File, path: PathBuf, length: u64, seq: u64, chain: Chain, lock: Lock) -> Self {
        let written = written(&file);
        Self { file, path, length, seq, chain, written, lock }
    }

    /// How a command names this release.
    pub(super) fn which(&self, id: &str) -> Named {
        Folder::new(self.path.parent().map(Path::to_owned).unwrap_or_default()).which(id)
    }

    /// The number of the next record.
    pub(super) const fn next(&self) -> u64 {
        self.seq + 1
    }

    /// Writes a record; it is on the disk when this returns.
    pub(super) fn write(&mut self, record: &Record) -> Result<(), Failure> {
        if !self.is_there() {
            return Err(Failure::stuck(format!(
                "{} was deleted, replaced or changed while the release runs, so nothing can be written down any more and nothing more is \
                 done. Put it back and `onebox release resume`; where it is lost, `onebox release adopt FUNCTION:ALIAS` puts \
                 each alias right",
                self.path.display()
            )));
        }
        self.append(record).map_err(|error| unwritten(&self.path, &error))?;
        self.seq = record.seq;
        Ok(())
    }

    /// Whether the journal's path still leads to the file that is written, and it holds what was written; and whether the
    /// lock still keeps others out.
    fn is_there(&self) -> bool {
        let lock = self.path.with_file_name("lock");
        let is_same = same_file(&self.file, &self.path) && same_file(&self.lock.file, &lock);
        let is_untouched = || {
            let length = self.file.metadata().map(|metadata| metadata.len()).ok();
            length == Some(self.length) && self.written.is_some() && self.written == written(&self.file)
        };
        is_same && (is_untouched() || self.is_whole())
    }

    /// Whether every line is there as it was written.
    fn is_whole(&self) -> bool {
        let bytes = open(&self.path).and_then(|mut file| read_all(&mut file));
        let journal = bytes.ok().filter(|bytes| bytes.len() as u64 == self.length).map(|bytes| Journal::read(&bytes));
        journal.and_then(Result::ok).is_some_and(|journal| journal.chain == self.chain)
    }

    fn append(&mut self, content: &impl serde::Serialize) -> io::Result<()> {
        let (line, chain) = self.chain.seal(content)?;
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.length += line.len() as u64;
                self.chain = chain;
                self.written = self::written(&self.file);
            }
            // Half a line would be cut off by the next driver; whole ones need not be found at all.
            Err(_) => {
                let _ = self.file.set_len(self.length);
            }
        }
        written
    }
}

/// Reads what is written to a journal.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    offset: u64,
    chain: Chain,
}

impl Tail {
    /// The records that were written since the last time.
    pub(super) fn read(&mut self) -> Result<Vec<Record>, Failure> {
        let broken = |error: &dyn fmt::Display| Failure::stuck(format!("{}: {error}", self.path.display()));
        let mut bytes = Vec::new();
        let read = open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.offset))?;
            file.read_to_end(&mut bytes)
        });
        read.map_err(|error| broken(&error))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines = bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let (mut records, mut chain) = (Vec::new(), self.chain.clone());
        for line in lines {
            let Some((value, next)) = chain.open(line) else {
                return Err(broken(&"a line was changed: its hash is wrong"));
            };
            records.push(serde_json::from_value(value).map_err(|error| broken(&error))?);
            chain = next;
        }
        self.chain = chain;
        self.offset += whole as u64;
        Ok(records)
    }
}
