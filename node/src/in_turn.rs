//! The first of several futures, none of which is preferred.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

/// The output of the first that is ready. They are polled in their order, beginning with
/// number `turn`: a caller that counts its turns is fair to all. `tokio::select!` is fair by
/// chance, which no seed decides.
pub(crate) async fn in_turn<T, const N: usize>(
    turn: usize,
    mut all: [Pin<&mut (dyn Future<Output = T> + Send)>; N],
) -> T {
    poll_fn(|context| {
        for place in 0..N {
            let future = &mut all[turn.wrapping_add(place) % N];
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(output);
            }
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn each_of_those_that_are_ready_has_its_turn() {
        let mut counts = [0; 3];
        for turn in 0..30 {
            let all: [Pin<&mut (dyn Future<Output = usize> + Send)>; 3] =
                [pin!(ready(0)), pin!(ready(1)), pin!(pending())];
            counts[in_turn(turn, all).await] += 1;
        }
        assert_eq!(counts, [20, 10, 0]);
    }
}
