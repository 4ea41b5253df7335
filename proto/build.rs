//! Compiles the `.proto` files with protox, so that nobody needs protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "proto/testbed/v1/bank.proto",
        "proto/testbed/v1/envelope.proto",
        "proto/testbed/v1/ping_pong.proto",
        "proto/testbed/v1/snapshot.proto",
    ];
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(files, ["proto"])?;
    prost_build::Config::new()
        .bytes(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
