//! Namespaces of its own for this program, so that nothing of the machine is changed and
//! nothing is left behind: they vanish with the processes in them.

use std::ffi::OsStr;
use std::io::Read as _;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::layout::Layout;
use super::{Error, command, passage};
use crate::nat::{Carrier, Cell, Collector, Kind, Links, Scene};

/// The programs that are needed, and their packages in Debian.
const PROGRAMS: [(&str, &str); 6] = [
    ("unshare", "util-linux"),
    ("setpriv", "util-linux"),
    ("mount", "mount"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("ethtool", "ethtool"),
];

/// In place of a socket, where there is no collector.
pub const NO_SOCKET: &str = "-";

/// How long the inner program may take to end after an interrupt.
const ENDS: Duration = Duration::from_secs(10);

/// Runs this program again, in namespaces of its own. After its arguments it gets
/// `more` with the path of a socket, to which it sends what is for the collector; without a
/// collector, that is [`NO_SOCKET`]. Returns its exit status.
///
/// # Errors
/// This is not permitted here, or a program is missing.
pub async fn again(
    more: &str,
    collector: Option<&Collector>,
    interrupt: &CancellationToken,
) -> Result<ExitCode, Error> {
    for (program, package) in PROGRAMS {
        let found = Command::new(program)
            .arg("--version")
            .kill_on_drop(true)
            .output()
            .await;
        if found.is_err() {
            let said =
                format!("{program} not found; install it, as with: apt-get install {package}");
            return Err(Error::Failed { said });
        }
    }
    let kind = permitted().await?;
    let here = std::env::current_exe().map_err(Error::system("the path of this program"))?;
    let mut unshare = Command::new("unshare");
    unshare.args([kind, "--kill-child", "--"]).arg(here);
    unshare.args(std::env::args_os().skip(1));
    let passage = collector.map(passage::outside).transpose()?;
    let socket = passage.as_ref().map(|(_, path)| path.as_os_str());
    unshare
        .arg(more)
        .arg(socket.unwrap_or(OsStr::new(NO_SOCKET)));
    // Its standard input ends with this process: then it stops.
    unshare.stdin(Stdio::piped()).kill_on_drop(true);
    let failed = |source| Error::Start {
        program: "unshare".to_owned(),
        source,
    };
    let mut child = unshare.spawn().map_err(failed)?;
    let stdin = child.stdin.take();
    let ended = tokio::select! {
        ended = child.wait() => ended,
        () = interrupt.cancelled() => {
            drop(stdin);
            match timeout(ENDS, child.wait()).await {
                Ok(ended) => ended,
                Err(_) => child.kill().await.and(child.wait().await),
            }
        }
    };
    let status = ended.map_err(failed)?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// The namespaces that this user may make: root needs no user namespace.
async fn permitted() -> Result<&'static str, Error> {
    let attempt = |kind| async move {
        let mut unshare = Command::new("unshare");
        command::run(unshare.args([kind, "--", "true"]), "").await
    };
    match attempt("-nm").await {
        Ok(()) => Ok("-nm"),
        Err(_) => attempt("-Urnm").await.map(|()| "-Urnm"),
    }
}

/// Prepares the namespaces of this process, and tries all that a cell needs.
///
/// # Errors
/// Something is not permitted here.
pub async fn prepare() -> Result<(), Error> {
    // `ip netns` keeps its names there.
    command::run(
        Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/run"]),
        "",
    )
    .await?;
    let links = Links {
        rtt: Duration::ZERO,
        jitter: Duration::ZERO,
        loss: 0.0,
    };
    let scene = Scene::Pair {
        dialler: Kind::FullCone,
        listener: Kind::Symmetric,
    };
    let carrier = Carrier::Tcp;
    let tried = Layout::build(Cell { carrier, scene }, 0, links, 0).await?;
    tried.remove().await;
    Ok(())
}

/// Is cancelled by a signal, and when the outer program is gone.
pub fn ends_with_stdin(interrupt: &CancellationToken) {
    let interrupt = interrupt.clone();
    let wait = move || {
        let _ = std::io::stdin().read(&mut [0]);
        interrupt.cancel();
    };
    // Without it a signal still ends the run.
    let _ = std::thread::Builder::new().name("stdin".into()).spawn(wait);
}
