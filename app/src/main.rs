//! The `explainer` binary; all it does is in the library.

use std::process::ExitCode;

/// Half of what an analysis costs beside its model is making and dropping small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    explainer::cli::main()
}
