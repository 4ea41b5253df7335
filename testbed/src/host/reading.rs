//! What the operating system reports at this moment. On Linux it is read from
//! `/proc`; elsewhere no figure is reported.

use std::time::Duration;

/// The figures of one reading. Counts begin at some time before the run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reading {
    /// Seconds that all processors were busy.
    pub(super) busy: Option<f64>,
    /// Seconds of all processors, busy or idle.
    pub(super) all: Option<f64>,
    /// Processor seconds that this process took.
    pub(super) own: Option<f64>,
    /// Bytes of memory that this process has.
    pub(super) memory: Option<u64>,
    /// Files and sockets that it has open.
    pub(super) descriptors: Option<u64>,
    /// Sockets that are open in its network namespace.
    pub(super) sockets: Option<u64>,
    /// Bytes received over the loopback.
    pub(super) loopback: Option<u64>,
}

/// How long the machine has been up, including the times in which it was suspended.
pub(super) fn uptime() -> Option<Duration> {
    Reading::uptime()
}

/// Processor seconds that this process has taken until now.
pub fn cpu_seconds() -> Option<f64> {
    Reading::now().own
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::time::Duration;

    use procfs::process::Process;
    use procfs::{Current as _, CurrentSI as _, KernelStats, net, ticks_per_second};

    use super::Reading;

    impl Reading {
        /// Now.
        pub(in super::super) fn now() -> Self {
            let ticks = ticks_per_second() as f64;
            let seconds = |of: u64| of as f64 / ticks;
            let cpu = KernelStats::current().ok().map(|stats| stats.total);
            let idle = cpu.as_ref().map(|c| c.idle + c.iowait.unwrap_or(0));
            // The times of guests are contained in user and nice.
            let busy = cpu.as_ref().map(|c| {
                let others = [c.irq, c.softirq, c.steal].into_iter().flatten();
                c.user + c.nice + c.system + others.sum::<u64>()
            });
            let stat = Process::myself().and_then(|process| process.stat()).ok();
            Self {
                busy: busy.map(seconds),
                all: busy.zip(idle).map(|(busy, idle)| seconds(busy + idle)),
                own: stat.map(|stat| seconds(stat.utime + stat.stime)),
                memory: lab::memory::resident(),
                descriptors: descriptors(),
                sockets: sockets(),
                loopback: loopback(),
            }
        }

        pub(super) fn uptime() -> Option<Duration> {
            let uptime = procfs::Uptime::current().ok()?;
            Duration::try_from_secs_f64(uptime.uptime).ok()
        }
    }

    /// Since Linux 6.2 the folder's size is the number of descriptors. Listing the folder
    /// takes milliseconds if there are thousands.
    fn descriptors() -> Option<u64> {
        match fs::metadata("/proc/self/fd").ok()?.len() {
            0 => Some(Process::myself().ok()?.fd_count().ok()? as u64),
            size => Some(size),
        }
    }

    fn sockets() -> Option<u64> {
        let text = fs::read_to_string("/proc/self/net/sockstat").ok()?;
        let line = text.lines().find(|line| line.starts_with("sockets:"))?;
        line.rsplit(' ').next()?.parse().ok()
    }

    fn loopback() -> Option<u64> {
        Some(net::dev_status().ok()?.get("lo")?.recv_bytes)
    }
}

#[cfg(not(target_os = "linux"))]
impl Reading {
    pub(super) fn now() -> Self {
        Self::default()
    }

    fn uptime() -> Option<Duration> {
        None
    }
}
