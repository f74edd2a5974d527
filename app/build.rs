//! Compresses the pages that show the API: they are megabytes of scripts, and the program is to stay
//! small.

#[cfg(feature = "web")]
fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    viewers::write()
}

#[cfg(not(feature = "web"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "web")]
mod viewers {
    use std::{
        env,
        fs::File,
        io::{Result, Write},
        path::PathBuf,
    };

    use flate2::{Compression, write::GzEncoder};
    use poem_openapi::OpenApiService;

    pub(super) fn write() -> Result<()> {
        // The framework makes a page of a service alone: of one without operations.
        let empty = OpenApiService::new((), "", "");
        let spec = empty.spec();
        let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
        let viewers = [
            ("swagger-ui", empty.swagger_ui_html()),
            ("redoc", empty.redoc_html()),
        ];
        for (name, page) in viewers {
            let page = page.replacen(&spec, "/* the document */", 1);
            let file = File::create(folder.join(name))?;
            let mut file = GzEncoder::new(file, Compression::best());
            file.write_all(without_foreign_links(&page).as_bytes())?;
            file.finish()?;
        }
        Ok(())
    }

    /// `ReDoc`'s page fetches its fonts from elsewhere; the reader's own serve as well.
    fn without_foreign_links(page: &str) -> String {
        let foreign = |line: &&str| line.trim_start().starts_with("<link href=\"https://");
        page.lines()
            .filter(|line| !foreign(line))
            .flat_map(|line| [line, "\n"])
            .collect()
    }
}
