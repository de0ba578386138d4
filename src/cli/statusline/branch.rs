//! Which branch a folder's repository is on, from the file that git keeps it in; no git is run.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The longest file that is read.
const LONGEST: u64 = 4096;

/// Returns the branch, or the beginning of the commit where no branch is checked out.
pub(super) fn of(folder: &Path) -> Option<String> {
    let git = folder.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    let head = read(&place(&git)?.join("HEAD"))?;
    let head = head.trim_end();
    if let Some(branch) = head.strip_prefix("ref: ") {
        return Some(branch.strip_prefix("refs/heads/").unwrap_or(branch).to_owned());
    }
    let is_commit = matches!(head.len(), 40 | 64) && head.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_commit.then(|| head[..7].to_owned())
}

/// Returns where git keeps its files; in a worktree or submodule `.git` is a file that says so.
fn place(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_owned());
    }
    let text = read(git)?;
    Some(git.parent()?.join(text.strip_prefix("gitdir:")?.trim()))
}

/// Reads the beginning of an ordinary file; anything else might never end.
fn read(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files and what they hold, in a folder of their own.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    fn check(files: &[(&str, &str)], inside: &str, expect: Option<&str>) {
        let folder = folder(files);
        assert_eq!(of(&folder.path().join(inside)).as_deref(), expect, "{files:?}");
    }

    #[test]
    fn the_branch_is_found_from_any_folder_of_the_repository() {
        let files = [(".git/HEAD", "ref: refs/heads/feature/one\n"), ("a/b/c", "")];
        check(&files, "", Some("feature/one"));
        check(&files, "a/b", Some("feature/one"));
    }

    #[test]
    fn a_commit_without_a_branch_is_shown_short() {
        check(&[(".git/HEAD", "0123456789abcdef0123456789abcdef01234567\n")], "", Some("0123456"));
    }

    #[test]
    fn a_worktree_has_a_branch_of_its_own() {
        let files =
            [("main/.git/worktrees/w/HEAD", "ref: refs/heads/w\n"), ("w/.git", "gitdir: ../main/.git/worktrees/w\n")];
        check(&files, "w", Some("w"));
    }

    #[test]
    fn a_file_that_is_no_head_is_not_shown() {
        check(&[(".git/HEAD", "root:x:0:0")], "", None);
        check(&[(".git", "elsewhere")], "", None);
        check(&[(".git/HEAD/x", "")], "", None);
    }
}
