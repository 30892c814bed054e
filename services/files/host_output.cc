#include "services/files/host_output.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/disk/free_space.h"
#include "common/tree/beneath.h"
#include "services/files/git_directory_marks.h"
#include "services/files/guarded_export.h"
#include "services/files/obeyed_name.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

Error output_exists(const std::string& output_path) {
  return already_exists(reason::kExists, "output_path already exists: {}", printable(output_path));
}

/// The `.pyro/exports` of a project in which `path` lies; "" for none.
fs::path exports_directory_of(const fs::path& path) {
  for (fs::path at = path.parent_path(); at.has_relative_path(); at = at.parent_path()) {
    if (at.filename() == "exports" && at.parent_path().filename() == ".pyro") return at;
  }
  return {};
}

}  // namespace

HostOutput::HostOutput(Wish wish, const ExportLimits& limits)
    : wish_(std::move(wish)), limits_(limits) {
  path_ = fs::path(wish_.path).lexically_normal();
  if (!path_.has_filename()) path_ = path_.parent_path();
  if (!path_.is_absolute()) throw invalid_argument("output_path must be an absolute path");
  if (!wish_.guarded_below.empty()) refuse_obeyed();
  refuse_git_directory();
  if (open_host_path(path_.string(), O_PATH | O_NOFOLLOW, links())) {
    throw output_exists(wish_.path);
  }
  exports_ = exports_directory_of(path_);
  if (!wish_.by_model || exports_.empty()) return;
  exported_ = disk_usage(exports_);
  refuse_beyond_budget(1);
}

void HostOutput::require_room(std::uint64_t bytes) const {
  require_free_disk(path_.parent_path(), limits_.keep_free_mib);
  if (wish_.by_model && !exports_.empty()) refuse_beyond_budget(bytes);
}

void HostOutput::refuse_beyond_budget(std::uint64_t bytes) const {
  if (exported_ <= limits_.by_models && bytes <= limits_.by_models - exported_) return;
  throw resource_exhausted(
      reason::kExportsFull,
      "'{}' holds {} of earlier exports, and with this one it would hold more than the {} that it "
      "may (workspace.exports_gib): delete exports there that nobody needs any more",
      exports_.string(), human_size(exported_), human_size(limits_.by_models));
}

void HostOutput::open_parent() {
  const auto turn = placing();
  refuse_git_directory();
  parent_ = make_host_directory(path_.parent_path().string(), links());
  ignore_in_git();
}

fs::path HostOutput::beside(const std::string& name) const {
  return fs::path(fmt::format("/proc/self/fd/{}", parent())) / name;
}

void HostOutput::take(const std::string& temporary) {
  const auto turn = placing();
  refuse_git_directory();
  if (::renameat2(parent(), temporary.c_str(), parent(), path_.filename().c_str(),
                  RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) throw output_exists(wish_.path);
    throw system_error(fmt::format("rename to '{}'", path_.string()));
  }
}

/// No two exports of a model make a git directory together, each a part of it.
std::unique_lock<std::mutex> HostOutput::placing() {
  static std::mutex one_at_a_time;
  return std::unique_lock(one_at_a_time);
}

void HostOutput::refuse_git_directory() const {
  if (wish_.by_model && lies_in_git_directory(path_)) {
    throw in_git_directory("output_path", wish_.path);
  }
}

/// The names above the guarded directory are the user's own.
void HostOutput::refuse_obeyed() const {
  if (!has_obeyed_name(path_.lexically_relative(wish_.guarded_below).string())) return;
  throw invalid_argument(
      reason::kHostPathRefused,
      "output_path '{}' has a name that programs on the host obey; the user who started this "
      "server can allow it with --allow-path DIR, or copy it with `pyro workspace export`",
      printable(wish_.path));
}

/// An export into `.pyro/exports` keeps that out of the project's `git status`.
void HostOutput::ignore_in_git() const {
  if (exports_.empty()) return;
  const UniqueFd opened = open_host_path(exports_.string(), O_PATH | O_DIRECTORY, links());
  if (!opened) return;
  const UniqueFd file = tree::open_beneath(opened.get(), ".gitignore",
                                           O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644);
  struct stat info {};
  // Empty: new, or made by one that was killed here.
  const bool is_empty =
      file && ::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0;
  if (is_empty) write_all(file.get(), "*\n");
}

}  // namespace pyro::files
