//! A port of the switch: a packet socket on this end of a pair of virtual interfaces.

use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, SockFlag, SockProtocol, SockType, bind, socket};
use tokio::net::UdpSocket;

/// An Ethernet frame.
pub(super) type Frame = Arc<[u8]>;

/// The largest frame: the interfaces hand over no more than their MTU of 1,500 bytes and
/// the header, since segmentation is switched off at their other ends.
const LARGEST: usize = 2048;

/// A port of the switch. tokio has no type for packet sockets; to it, this is one more
/// socket that takes and gives datagrams.
#[derive(Debug)]
pub(super) struct Port(UdpSocket);

impl Port {
    /// The port on the interface of that name.
    ///
    /// # Errors
    /// There is none, or packet sockets are not permitted.
    pub(super) fn open(interface: &str) -> io::Result<Self> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let protocol = SockProtocol::EthAll;
        let fd = socket(AddressFamily::Packet, SockType::Raw, flags, protocol)?;
        let address = getifaddrs()?
            .filter(|found| found.interface_name == interface)
            .find_map(|found| found.address?.as_link_addr().copied());
        let missing = || io::Error::new(ErrorKind::NotFound, format!("no interface {interface}"));
        // The address has no protocol; the socket keeps its own.
        bind(fd.as_raw_fd(), &address.ok_or_else(missing)?)?;
        let socket = std::net::UdpSocket::from(fd);
        drain(&socket);
        Ok(Self(UdpSocket::from_std(socket)?))
    }

    /// The next frame that its host sends.
    pub(super) async fn receive(&self) -> io::Result<Frame> {
        let mut buffer = [0; LARGEST];
        let length = self.0.recv(&mut buffer).await?;
        Ok(buffer[..length].into())
    }

    /// Hands a frame to its host. Where the kernel does not take it, it is lost, as on a
    /// link that is full.
    pub(super) fn send(&self, frame: &Frame) {
        let _ = self.0.try_send(frame);
    }
}

/// Before it was bound, the socket got the frames of all interfaces.
fn drain(socket: &std::net::UdpSocket) {
    let mut buffer = [0; LARGEST];
    while socket.recv(&mut buffer).is_ok() {}
}
