//! How often peers ask, and what is said to those that ask too often.

use std::sync::Arc;

use super::book::Book;
use super::{Checks, Sent};

impl Book<'_> {
    /// A tick.
    pub(super) fn serves_more(&mut self) {
        let fill = self.terms.pace.map_or(0, |(_, fill)| fill);
        self.asked.retain(|_, asked| {
            *asked -= fill;
            *asked > 0
        });
    }

    /// Counts a request, and checks the answer of one that is not to be served. Beyond the
    /// bound it is refused, and beyond twice the bound nothing is said.
    pub(super) fn is_served(
        &mut self,
        from: &Arc<str>,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) -> bool {
        let Some((burst, fill)) = self.terms.pace else {
            return true;
        };
        let asked = self.asked.entry(Arc::clone(from)).or_default();
        let is_heard = *asked < 2 * burst;
        *asked += i64::from(is_heard);
        let over = *asked - burst;
        let served = answer.iter().find(|sent| sent.kind != "REFUSED");
        checks.pace.check(over <= 0 || served.is_none(), || {
            let kind = served.map_or("nothing", |sent| sent.kind);
            format!("{from} is told {kind}, and has sent {over} requests too many")
        });
        if over <= 0 {
            return true;
        }
        if !is_heard {
            checks.pace.check(answer.is_empty(), || {
                format!("{from} has sent {over} requests too many, and each is refused")
            });
            return false;
        }
        let ticks = (over + fill) / fill.max(1);
        self.check_time(from, ticks, answer, checks);
        Self::answered(answer, from, Some("pace"), checks);
        false
    }
}
