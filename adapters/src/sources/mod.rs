//! Issue sources: where issues are read from.

mod files;

pub use files::FilesSource;
