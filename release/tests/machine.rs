//! The machine, by scripts: what happens, what it wants then, and how it ends.

#[path = "machine/health.rs"]
mod health;
#[path = "machine/lost.rs"]
mod lost;
#[path = "machine/orders.rs"]
mod orders;
#[path = "machine/parts.rs"]
mod parts;
#[path = "machine/random.rs"]
mod random;
#[path = "machine/refused.rs"]
mod refused;
#[path = "machine/whole.rs"]
mod whole;
#[path = "machine/world.rs"]
mod world;
