//! A panic in a handler, caught: the engine reports it like any other fault.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether this thread is in a handler.
    static CATCHING: Cell<bool> = const { Cell::new(false) };
    /// The place of the last panic in a handler.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Calls `handler`, the user's code. If it panics, returns the panic's message and its
/// place in the source; Rust then prints nothing about it, unless `RUST_BACKTRACE` is set.
///
/// The values that the handler borrowed stay as they were at the panic, and may only be
/// read.
pub fn catch<T>(handler: impl FnOnce() -> T) -> Result<T, String> {
    install();
    let outer = CATCHING.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(handler));
    CATCHING.set(outer);
    result.map_err(|payload| {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "without a message".to_owned());
        match PLACE.take() {
            Some(place) => format!("{text} ({place})"),
            None => text,
        }
    })
}

/// Stores the place of a panic in a handler instead of printing it. Other panics are
/// printed as before.
fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let print = panic::take_hook();
        let is_wanted = std::env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0");
        panic::set_hook(Box::new(move |info| {
            let is_caught = CATCHING.try_with(Cell::get).unwrap_or(false);
            if is_caught {
                let place = info.location().map(ToString::to_string);
                let _ = PLACE.try_with(|kept| kept.replace(place));
            }
            if !is_caught || is_wanted {
                print(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_returned_with_its_place() {
        assert_eq!(catch(|| 7), Ok(7));
        let index = [1, 2, 3].len();
        for (said, expected) in [
            (catch(|| panic!("a {}", "b")), "a b ("),
            (
                catch(|| {
                    let _ = vec![String::new()].remove(index);
                }),
                "removal index",
            ),
            (catch(|| panic::panic_any(7)), "without a message ("),
        ] {
            let said: String = said.expect_err("it panics");
            assert!(said.starts_with(expected), "{said}");
            assert!(said.contains(".rs:"), "{said}");
        }
    }
}
