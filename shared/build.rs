//! Lists the function files of `migrations/functions/` for `db/migrate.rs`, and rebuilds the crate if a migration changes,
//! which the compiler does not see by itself.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=../migrations");
    let root = Path::new("../migrations/functions").canonicalize()?;
    let mut files = Vec::new();
    list(&root, &mut files)?;
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        code += &format!("    ({name:?}, include_str!({:?})),\n", file.display().to_string());
    }
    code += "]\n";
    fs::write(Path::new(&env::var_os("OUT_DIR").unwrap_or_default()).join("functions.rs"), code)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            files.push(path);
        }
    }
    Ok(())
}
