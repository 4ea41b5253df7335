//! Whether libp2p's clocks are those of tokio, as virtual time needs.

use std::time::Duration;

use futures_timer::Delay;
use tokio::time::advance;
use web_time::Instant;

/// Whether libp2p's clock and its timers follow a paused clock.
///
/// # Panics
/// On a runtime whose clock is not paused.
pub async fn follow() -> bool {
    const STEP: Duration = Duration::from_secs(3600);
    let began = Instant::now();
    advance(STEP).await;
    if began.elapsed() < STEP {
        return false;
    }
    // With the timers of the registry's crate this would take as long.
    let timer = tokio::time::timeout(STEP, Delay::new(STEP / 2));
    timer.await.is_ok()
}
