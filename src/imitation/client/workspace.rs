//! The one folder in which the built-in client reads and writes.

use std::io;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

/// A folder, by its true path.
#[derive(Debug)]
pub(super) struct Workspace {
    folder: PathBuf,
}

impl Workspace {
    /// Opens a folder that is there.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self { folder: folder.canonicalize()? })
    }

    /// Does what a call asks for; both outcomes are words for the model.
    pub(super) fn run(&self, tool: &str, input: &Value) -> Result<String, String> {
        match tool {
            "Write" => {
                let path = self.path(text(input, "file_path")?)?;
                std::fs::write(&path, text(input, "content")?).map_err(|error| format!("cannot write: {error}"))?;
                Ok(format!("File created successfully at: {}", path.display()))
            }
            "Read" => {
                let path = self.path(text(input, "file_path")?)?;
                std::fs::read_to_string(path).map_err(|error| format!("cannot read: {error}"))
            }
            tool => Err(format!("`{tool}` is not available: this client only reads and writes files of its folder")),
        }
    }

    /// Resolves a path, and refuses one that leaves the folder by `..`, from the root or through a link.
    fn path(&self, path: &str) -> Result<PathBuf, String> {
        let outside = || format!("`{path}` is outside the working directory");
        let (Some(parent), Some(Component::Normal(name))) =
            (Path::new(path).parent(), Path::new(path).components().next_back())
        else {
            return Err(outside());
        };
        let parent = self.folder.join(parent).canonicalize().map_err(|error| format!("`{path}`: {error}"))?;
        let path = parent.join(name);
        if !parent.starts_with(&self.folder) || path.is_symlink() {
            return Err(outside());
        }
        Ok(path)
    }
}

fn text<'a>(input: &'a Value, key: &str) -> Result<&'a str, String> {
    input[key].as_str().ok_or_else(|| format!("InputValidationError: `{key}` must be a string"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn write(workspace: &Workspace, path: &Path) -> Result<String, String> {
        workspace.run("Write", &json!({"file_path": path, "content": "x"}))
    }

    #[test]
    fn a_file_is_written_and_read_inside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(folder.path()).unwrap();
        for path in [folder.path().join("a.txt"), PathBuf::from("b.txt")] {
            write(&workspace, &path).unwrap();
            assert_eq!(workspace.run("Read", &json!({"file_path": path})), Ok("x".to_owned()));
        }
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("inner");
        std::fs::create_dir(&folder).unwrap();
        let workspace = Workspace::open(&folder).unwrap();
        let mut ways = vec![
            outer.path().join("a"),
            PathBuf::from("../a"),
            PathBuf::from(".."),
            PathBuf::from("/"),
            PathBuf::new(),
        ];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outer.path(), folder.join("folder")).unwrap();
            std::os::unix::fs::symlink(outer.path().join("a"), folder.join("file")).unwrap();
            ways.extend([folder.join("folder/a"), folder.join("file")]);
        }
        for way in ways {
            assert!(write(&workspace, &way).is_err(), "{}", way.display());
        }
        assert!(!outer.path().join("a").exists());
    }

    #[test]
    fn commands_are_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(folder.path()).unwrap();
        assert!(workspace.run("Bash", &json!({"command": "true"})).is_err());
    }
}
