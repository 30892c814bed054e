#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

/// A settings file of another program, which may be a symlink, read-only or broken.
namespace pyro::hosts {

/// Its text, or nullopt if it does not exist. kFailedPrecondition: it is no regular file, or too
/// large to be a settings file.
std::optional<std::string> read_settings_file(const std::filesystem::path& path);

/// Gives the new text for the old one; nullopt and the same text leave the file as it is.
using ChangeText = std::function<std::optional<std::string>(const std::string& old)>;

struct FileChange {
  bool changed = false;
  bool made = false;                              ///< it did not exist
  std::optional<std::filesystem::path> backup{};  ///< where the old file is now
};

/// Changes the file by a rename, with its mode and through its symlinks, so that a kill leaves the
/// old text or the new one. Another pyro waits meanwhile; when another program writes the file
/// meanwhile, `change` is asked anew. `mode` is that of a new file.
/// kFailedPrecondition: it is read-only, a directory, or a symlink into a missing directory.
FileChange change_settings_file(const std::filesystem::path& path, unsigned mode,
                                const ChangeText& change);

/// The same for a file that cannot be parsed: first keeps it beside itself as
/// `NAME.bak-TIMESTAMP`, then replaces it by `text`. It changes nothing if the file is not broken
/// any more.
FileChange replace_broken_file(const std::filesystem::path& path,
                               const std::function<bool(const std::string& text)>& is_broken,
                               const std::string& text);

/// kFailedPrecondition (settings_read_only): the file is read-only.
void require_writable_file(const std::filesystem::path& path);

/// Copies a file beside itself, as `NAME.bak-TIMESTAMP`.
std::filesystem::path keep_copy(const std::filesystem::path& path);

/// Holds off other changes of files in the directory by pyro. The lock is the directory's own: it
/// leaves no file, and ends with its process.
class DirectoryLock {
 public:
  /// Waits for it.
  explicit DirectoryLock(const std::filesystem::path& directory);
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock();

 private:
  int fd_;
};

}  // namespace pyro::hosts
