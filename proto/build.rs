//! Compiles the `.proto` files with protox, so that nobody needs protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files = [
        "proto/testbed/v1/bank.proto",
        "proto/testbed/v1/chang_roberts.proto",
        "proto/testbed/v1/dijkstra_scholten.proto",
        "proto/testbed/v1/echo.proto",
        "proto/testbed/v1/envelope.proto",
        "proto/testbed/v1/flood.proto",
        "proto/testbed/v1/lai_yang.proto",
        "proto/testbed/v1/naive_snapshot.proto",
        "proto/testbed/v1/ping_pong.proto",
        "proto/testbed/v1/producer_consumer.proto",
        "proto/testbed/v1/ricart_agrawala.proto",
        "proto/testbed/v1/snapshot.proto",
        "proto/testbed/v1/token.proto",
        "proto/testbed/v1/work.proto",
    ];
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(files, ["proto"])?;
    prost_build::Config::new()
        .bytes(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
