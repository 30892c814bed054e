#include "guest/agent/files/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/reasons/files.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "guest/agent/files/paths.h"

namespace pyro::agent::files {
namespace {

Error no_regular_file(const std::string& path) {
  return failed_precondition(reason::kWrongFileType,
                             "workspace file write only supports regular files: {}", shown(path));
}

Error bad_parent(const std::string& path) {
  return failed_precondition(reason::kWrongFileType,
                             "workspace path must not pass through a symlink or file: {}",
                             shown(path));
}

/// The directory that `target` goes to; missing ones are made.
UniqueFd open_or_make_parent(int tree, const std::string& directory, const std::string& target) {
  UniqueFd opened = tree::open_beneath(tree, directory, O_RDONLY | O_DIRECTORY);
  if (opened) return opened;
  if (errno == ENOTDIR || errno == ELOOP) throw bad_parent(target);
  if (errno != ENOENT) throw tree::path_error("open", shown(directory));
  if (directory.empty()) throw internal_error("the tree itself was removed");
  const UniqueFd above = open_or_make_parent(tree, std::string(tree::parent_of(directory)), target);
  const std::string name(tree::name_of(directory));
  if (::mkdirat(above.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
    throw tree::path_error("mkdir", shown(directory));
  }
  opened = tree::open_beneath(above.get(), name, O_RDONLY | O_DIRECTORY);
  if (!opened) throw bad_parent(target);
  return opened;
}

/// The mode that the file is to have.
unsigned mode_of(int directory, const std::string& name, const std::string& path) {
  struct stat info {};
  if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return 0644;
    throw tree::path_error("stat", shown(path));
  }
  if (!S_ISREG(info.st_mode)) throw no_regular_file(path);
  return info.st_mode & 07777U;
}

/// Its bytes on the disk, though not the inode's place in the journal: nothing comes later into
/// ext4's journal, such as the rename, without it. So one commit does for both. Where the call does
/// not exist, fdatasync(2) costs one more.
void put_bytes_down(int file, const std::string& path) {
  constexpr unsigned kAll =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  if (::sync_file_range(file, 0, 0, kAll) == 0) return;
  if (::fdatasync(file) != 0) throw tree::path_error("fdatasync", shown(path));
}

}  // namespace

void replace_file(const VolumeDirectories& directories, const api::agent::ReplaceFile& request) {
  const std::string& path = checked(request.path);
  const std::string name(tree::name_of(path));
  const UniqueFd parent =
      open_or_make_parent(directories.tree.get(), std::string(tree::parent_of(path)), path);
  const unsigned mode = mode_of(parent.get(), name, path);
  const int staging = directories.staging.get();
  const std::string temporary = "file-" + random_hex(8);
  const UniqueFd file = tree::open_beneath(staging, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!file) throw tree::path_error("create", temporary);
  Cleanup remove([&] { ::unlinkat(staging, temporary.c_str(), 0); });
  with_context(shown(path), [&] { write_all(file.get(), request.content.data); });
  if (::fchmod(file.get(), mode) != 0) throw tree::path_error("chmod", shown(path));
  put_bytes_down(file.get(), path);
  if (::renameat(staging, temporary.c_str(), parent.get(), name.c_str()) != 0) {
    if (errno == EISDIR) throw no_regular_file(path);
    throw tree::path_error("rename", shown(path));
  }
  remove.dismiss();
  if (::fsync(parent.get()) != 0) throw tree::path_error("fsync", shown(path));
}

}  // namespace pyro::agent::files
