//! A handler as a WebAssembly module, called by the Node.js loader.
//!
//! The module asks for fields one at a time: [`begin`](Module::begin) hands in the one that it is sure to read, and as
//! long as it [wants](Module::answer) another, the loader [supplies](Module::supply) that one. The loader neither knows
//! nor decides anything; fields that a decision does not need are never copied.
//!
//! Numbers and addresses are all that crosses the boundary. The loader writes a field's text where [`room`](Module::room)
//! says, and reads the module's texts where [`text`](Module::text) says.

mod json;

use std::cell::Cell;

use onebox_core::{Decision, Time};
use talc::wasm::{WasmDynamicTalc, new_wasm_dynamic_allocator};

use crate::{
    config::Config,
    edit::quote,
    event::{Event, Field},
    handler::{Answer, Handler},
};

/// A module has one thread and few allocations, nearly all of them in its cold start.
#[global_allocator]
static ALLOCATOR: WasmDynamicTalc = new_wasm_dynamic_allocator();

/// A field's length where there is no such field.
pub const ABSENT: i32 = -1;

/// What configuring answers where there is no configuration of this version.
pub const REFUSED: i32 = -1;

/// A module's whole state.
pub struct Module<H: 'static> {
    /// The text of every field, and at first the configuration.
    slots: Vec<Slot>,
    /// The text that the loader reads.
    text: String,
    handler: Option<(&'static H, Vec<Field<'static>>)>,
    /// The time of the current event.
    now: Time,
}

/// The room for one field's text.
#[derive(Default)]
struct Slot {
    room: Vec<u8>,
    found: Found,
}

/// What is known of a field of the current event.
#[derive(Clone, Copy, Default)]
enum Found {
    #[default]
    Unknown,
    Absent,
    Text(usize),
}

impl<H: Handler> Module<H> {
    /// A module without a configuration.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: Vec::new(), text: String::new(), handler: None, now: Time::MIN }
    }

    /// Makes room for a text of this many bytes in a slot, and says where.
    pub fn room(&mut self, slot: usize, bytes: usize) -> *mut u8 {
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, Slot::default);
        }
        let room = &mut self.slots[slot].room;
        if room.len() < bytes {
            room.resize(bytes, 0);
        }
        room.as_mut_ptr()
    }

    /// Unpacks the configuration in slot 0, describes the module in the text, and says which field an event begins with;
    /// or is [`REFUSED`].
    pub fn configure(&mut self, len: usize, new: fn(&Config) -> H) -> i32 {
        let packed = self.slots.first().and_then(|slot| slot.room.get(..len));
        let Some(config) = packed.and_then(Config::unpack) else { return REFUSED };
        // A module is configured once and lives as long as its instance: nothing of it is ever dropped.
        let handler: &'static H = Box::leak(Box::new(new(Box::leak(Box::new(config)))));
        let fields = handler.fields();
        self.text = json::description(handler, &fields);
        self.slots.resize_with(fields.len().max(1), Slot::default);
        self.handler = Some((handler, fields));
        // What an event's answer depends on is asked at the end of a schedule, where it depends on most.
        self.now = Time::from_unix_millis(i64::MAX);
        match self.answer() {
            wanted @ ..0 => -1 - wanted,
            _ => 0,
        }
    }

    /// Begins with a new event at a time, in milliseconds since 1970, of which one field is known.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a time beyond all numbers is the last one, and none is the first of 1970"
    )]
    pub fn begin(&mut self, slot: usize, len: i32, now: f64) -> i32 {
        self.now = Time::from_unix_millis(now as i64);
        for slot in &mut self.slots {
            slot.found = Found::Unknown;
        }
        self.supply(slot, len)
    }

    /// Adds a field of the event, which the loader has written into its room, and answers.
    pub fn supply(&mut self, slot: usize, len: i32) -> i32 {
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.found = usize::try_from(len).map_or(Found::Absent, |len| Found::Text(len.min(slot.room.len())));
        }
        self.answer()
    }

    /// Puts the decision behind the answer to the current event into the text, as JSON; or null, where there is none.
    pub fn decide(&mut self) {
        let Some((handler, fields)) = &self.handler else { return };
        let event = Supplied { fields, slots: &self.slots, wanted: Cell::new(None) };
        self.text = match handler.decide(&event, self.now) {
            None => "null".to_owned(),
            Some(Decision { partition, bucket, source }) => {
                let bucket = bucket.map_or("null".to_owned(), |bucket| bucket.to_string());
                let source = source.to_string();
                let mut text = format!(r#"{{"partition":"{partition}","bucket":{bucket},"source":"#);
                quote(&source, &mut text);
                text + "}"
            }
        };
    }

    /// The answer's number; or, below zero, `-1 - slot` of a field that it depends on.
    fn answer(&self) -> i32 {
        let Some((handler, fields)) = &self.handler else { return 0 };
        let event = Supplied { fields, slots: &self.slots, wanted: Cell::new(None) };
        let Answer(answer) = handler.answer(&event, self.now);
        match event.wanted.get() {
            Some(slot) => -1 - slot as i32,
            None => answer as i32,
        }
    }

    /// Puts the edits that an answer stands for into the text, as JSON.
    pub fn edits(&mut self, answer: u32) {
        self.text.clear();
        let edits = self.handler.as_ref().map(|(handler, _)| handler.edits(Answer(answer))).unwrap_or_default();
        json::edits(&edits, &mut self.text);
    }

    /// Where the text is, and how long.
    #[must_use]
    pub fn text(&self) -> (*const u8, usize) {
        (self.text.as_ptr(), self.text.len())
    }
}

impl<H: Handler> Default for Module<H> {
    fn default() -> Self {
        Self::new()
    }
}

/// The fields supplied so far; it remembers the first one that was missing.
struct Supplied<'a> {
    fields: &'a [Field<'static>],
    slots: &'a [Slot],
    wanted: Cell<Option<usize>>,
}

impl Event for Supplied<'_> {
    #[inline]
    fn get(&self, field: Field<'_>) -> Option<&[u8]> {
        let slot = self.fields.iter().position(|found| *found == field)?;
        let Slot { room, found } = self.slots.get(slot)?;
        match *found {
            Found::Text(len) => room.get(..len),
            Found::Absent => None,
            Found::Unknown => {
                if self.wanted.get().is_none() {
                    self.wanted.set(Some(slot));
                }
                None
            }
        }
    }
}

/// Exports a handler, which has a `new(&Config)`, as a module.
///
/// It is the only place with `unsafe` in it: a name that is exported as it stands could meet another of that name.
/// These begin with `onebox_`, and a module is linked from one handler alone. No function takes or follows an address.
#[macro_export]
macro_rules! export {
    ($handler:ty) => {
        mod exports {
            #![allow(unsafe_code, unreachable_pub)]

            use ::std::cell::RefCell;

            use super::*;

            ::std::thread_local! {
                static MODULE: RefCell<$crate::wasm::Module<$handler>> =
                    const { RefCell::new($crate::wasm::Module::new()) };
            }

            #[unsafe(no_mangle)]
            extern "C" fn onebox_room(slot: usize, bytes: usize) -> *mut u8 {
                MODULE.with_borrow_mut(|module| module.room(slot, bytes))
            }

            #[unsafe(no_mangle)]
            extern "C" fn onebox_configure(len: usize) -> i32 {
                MODULE.with_borrow_mut(|module| module.configure(len, <$handler>::new))
            }

            #[unsafe(no_mangle)]
            extern "C" fn onebox_begin(slot: usize, len: i32, now: f64) -> i32 {
                MODULE.with_borrow_mut(|module| module.begin(slot, len, now))
            }

            #[unsafe(no_mangle)]
            extern "C" fn onebox_supply(slot: usize, len: i32) -> i32 {
                MODULE.with_borrow_mut(|module| module.supply(slot, len))
            }

            #[unsafe(no_mangle)]
            extern "C" fn onebox_decide() {
                MODULE.with_borrow_mut(|module| module.decide());
            }

            #[unsafe(no_mangle)]
            extern "C" fn onebox_edits(answer: u32) {
                MODULE.with_borrow_mut(|module| module.edits(answer))
            }

            #[unsafe(no_mangle)]
            extern "C" fn onebox_text() -> *const u8 {
                MODULE.with_borrow(|module| module.text().0)
            }

            #[unsafe(no_mangle)]
            extern "C" fn onebox_text_len() -> usize {
                MODULE.with_borrow(|module| module.text().1)
            }
        }
    };
}
