//! The machine, by scripts: what happens, what it wants then, and how it ends.

#[path = "machine/health.rs"]
mod health;
#[path = "machine/refused.rs"]
mod refused;
#[path = "machine/whole.rs"]
mod whole;
#[path = "machine/world.rs"]
mod world;
