#include "services/files/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"

namespace pyro::files {
namespace {

Error exists_already(const std::filesystem::path& target) {
  return already_exists(reason::kExists, "'{}' already exists", target.string());
}

}  // namespace

NewFile::NewFile(std::filesystem::path target)
    : target_(std::move(target)), temporary_(target_.string() + ".partial") {
  struct stat status {};
  if (::lstat(target_.c_str(), &status) == 0) throw exists_already(target_);
  if (::unlink(temporary_.c_str()) != 0 && errno != ENOENT) {
    throw system_error(fmt::format("unlink '{}'", temporary_.string()));
  }
}

NewFile::~NewFile() {
  if (!in_place_) ::unlink(temporary_.c_str());
}

void NewFile::put_in_place() {
  sync_path(temporary_);
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) throw exists_already(target_);
    throw system_error(fmt::format("rename '{}'", temporary_.string()));
  }
  in_place_ = true;
  sync_path(target_.parent_path());
}

}  // namespace pyro::files
