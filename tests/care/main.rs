//! Looking after what is kept: damage is found by name and repaired, what nothing needs is collected, and neither loses
//! anything, whenever it is killed and whatever goes on beside it.

#[path = "../phases/support.rs"]
#[allow(dead_code, reason = "each test binary uses a part of this")]
mod support;

mod care;
mod collecting;
mod finding;
mod killed;
mod racing;
mod repairing;
