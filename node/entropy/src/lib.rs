//! Entropy that a thread can draw from a seed: the same seed gives the same run of libp2p.
//!
//! libp2p draws with `rand`, and the order in which it walks through its maps depends on the
//! random keys of the standard library. Both begin with the function `getrandom` of the C
//! library, once for each thread. A program that defines this function replaces that of
//! glibc, which is a shared library: the dynamic linker finds the program's first. That takes
//! an exported symbol and a write through a pointer, which is unsafe code, and the only such
//! code of the project. Elsewhere than on Linux with glibc, nothing is replaced.

use std::cell::Cell;

thread_local! {
    /// The state of the generator, on a thread that draws from a seed.
    static STATE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// All entropy of this thread comes from `seed`, from now on. To be called before the thread
/// draws any. Other threads draw from the operating system.
pub fn seed_thread(seed: u64) {
    STATE.set(Some(seed));
}

/// The next number of SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
/// Generators" (OOPSLA 2014).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn next(state: u64) -> (u64, u64) {
    let state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (state, mixed ^ (mixed >> 31))
}

/// Replaces that of the C library.
///
/// # Safety
/// As there: `buffer` is valid for writes of `length` bytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, flags: u32) -> isize {
    let Some(mut state) = STATE.get() else {
        // SAFETY: the system call has the same contract, and sets `errno`.
        return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as isize };
    };
    for at in 0..length {
        let (next, drawn) = next(state);
        state = next;
        // SAFETY: `at` is below `length`.
        unsafe { buffer.add(at).write((drawn >> 56) as u8) };
    }
    STATE.set(Some(state));
    length as isize
}
