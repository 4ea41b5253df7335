//! A router that maps ports for its hosts: miniupnpd, of the package miniupnpd-nftables.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use super::Error;
use super::space::Space;

/// How long it may take to start. A guess.
const STARTS: Duration = Duration::from_secs(10);

/// The chains that miniupnpd fills. What it translates, the router forwards.
const CHAINS: &str = "table inet upnp {
chain forward_up { }
chain prerouting_up { }
chain postrouting_up { }
chain pre { type nat hook prerouting priority -100; jump prerouting_up; }
}
";

const CONFIG: &str = "ext_ifname=wan0
listening_ip=lan0
http_port=0
enable_upnp=yes
enable_natpmp=no
secure_mode=yes
uuid=7464b6f2-0000-4000-8000-000000000000
upnp_table_name=upnp
upnp_nat_table_name=upnp
upnp_forward_chain=forward_up
upnp_nat_chain=prerouting_up
upnp_nat_postrouting_chain=postrouting_up
allow 1024-65535 0.0.0.0/0 1024-65535
";

/// A router's UPnP. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Gateway {
    router: Space,
    _child: Child,
}

impl Gateway {
    /// Starts it on that router, and waits until it listens.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub(super) async fn start(router: &Space) -> Result<Self, Error> {
        router.nft(CHAINS).await?;
        // /run is of this command's own.
        let [config, pid] = ["conf", "pid"].map(|end| format!("/run/{}.{end}", router.name()));
        fs::write(&config, CONFIG).map_err(Error::system(&config))?;
        let mut command = router.program("miniupnpd");
        command.args(["-d", "-f", &config, "-P", &pid]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::piped());
        let failed = |source| Error::Start {
            program: "miniupnpd".to_owned(),
            source,
        };
        let mut child = command.spawn().map_err(failed)?;
        let mut lines = BufReader::new(child.stderr.take().expect("it is piped")).lines();
        let mut last = String::new();
        let listens = async {
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("listening on port") {
                    return true;
                }
                last = line;
            }
            false
        };
        let listens = timeout(STARTS, listens).await;
        if listens != Ok(true) {
            let said = format!("miniupnpd (package miniupnpd-nftables) does not start: {last}");
            return Err(Error::Failed { said });
        }
        // It writes on.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            router: router.clone(),
            _child: child,
        })
    }

    /// Whether a port is mapped.
    pub(super) async fn maps(&self) -> Result<bool, Error> {
        let mut nft = self.router.program("nft");
        nft.args(["list", "chain", "inet", "upnp", "prerouting_up"]);
        let output = nft.output().await.map_err(Error::system("nft"))?;
        Ok(String::from_utf8_lossy(&output.stdout).contains("dnat"))
    }
}
