# Read-only: what CI asks.
verify:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test --workspace

# Mends what can be mended by itself.
fix:
    cargo fmt --all
    cargo clippy --workspace --all-targets --fix --allow-dirty

# The tester's main job.
run *ARGS:
    cargo run -p checker -- {{ARGS}}
