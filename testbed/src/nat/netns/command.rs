//! Other programs: bounded in time, and killed when they are no longer waited for.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use super::Error;

/// How long a program that sets something up may take. Most take milliseconds. A guess.
const LONGEST: Duration = Duration::from_secs(20);

/// Runs a program to its end with this standard input.
///
/// # Errors
/// It cannot be started, fails, or takes too long.
pub(super) async fn run(command: &mut Command, input: &str) -> Result<(), Error> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let failed = |source| Error::Start {
        program: name.clone(),
        source,
    };
    command.kill_on_drop(true);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let mut stdin = child.stdin.take().expect("it is piped");
    // A program that does not read says why on its standard error.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let ended = timeout(LONGEST, child.wait_with_output()).await;
    let output = match ended {
        Ok(output) => output.map_err(failed)?,
        Err(_) => {
            return Err(Error::Slow {
                command: name,
                seconds: LONGEST.as_secs(),
            });
        }
    };
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    Err(Error::Failed {
        said: match first {
            Some(line) => line.to_owned(),
            None => format!("{name} ends with {}", output.status),
        },
    })
}

/// Runs `ip` with these commands, one a line.
pub(super) async fn ip(lines: &str) -> Result<(), Error> {
    run(Command::new("ip").args(["-batch", "-"]), lines).await
}
