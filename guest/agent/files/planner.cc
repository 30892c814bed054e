#include "guest/agent/files/planner.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "common/tree/walk.h"
#include "guest/agent/files/paths.h"

namespace pyro::agent::files {
namespace {

std::string_view kind_word(mode_t mode) {
  if (S_ISDIR(mode)) return "directory";
  return S_ISLNK(mode) ? "symlink" : "file";
}

}  // namespace

Error changed_meanwhile(std::string_view path) {
  return failed_precondition(reason::kChangedMeanwhile, "{} changed meanwhile", printable(path));
}

void check_expectations(int tree, const std::vector<api::agent::Expectation>& expectations) {
  for (const auto& expected : expectations) {
    const tree::Entry entry = tree::look_at(tree, checked(expected.path));
    const bool absent = entry.kind == tree::EntryKind::kAbsent;
    if (absent != expected.absent ||
        (!absent && (entry.inode != expected.inode || entry.ctime_ns != expected.ctime_ns))) {
      throw changed_meanwhile(expected.path);
    }
  }
}

void Planner::remove(const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    if (!removed_.insert(checked(path)).second) continue;
    struct stat info {};
    const UniqueFd file = tree::open_beneath(tree_, path, O_PATH | O_NOFOLLOW);
    if (!file && tree::is_gone(errno)) throw changed_meanwhile(path);
    if (!file || ::fstat(file.get(), &info) != 0) throw tree::path_error("open", path);
    if (S_ISDIR(info.st_mode)) {
      throw failed_precondition(reason::kWrongFileType,
                                "only files can be deleted, not the directory {}",
                                path.empty() ? shown(path) : printable(path));
    }
    steps_.push_back({.kind = StepKind::kDelete,
                      .path = path,
                      .inode = info.st_ino,
                      .before = identity_of(info)});
  }
}

void Planner::merge(int staged) {
  waiting_.emplace_back();
  while (!waiting_.empty()) {
    const std::string path = std::move(waiting_.back());
    waiting_.pop_back();
    merge_directory(staged, path);
  }
}

void Planner::merge_directory(int staged, const std::string& path) {
  const UniqueFd ours = tree::open_beneath(staged, path, O_RDONLY | O_DIRECTORY);
  if (!ours) throw tree::path_error("open what is staged for", path);
  const UniqueFd theirs = tree::open_beneath(tree_, path, O_PATH | O_DIRECTORY);
  if (!theirs && tree::is_gone(errno)) throw changed_meanwhile(path);
  if (!theirs) throw tree::path_error("open", path);
  auto names = tree::names_in(ours.get(), path);
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    merge_name(ours.get(), theirs.get(), name, tree::join(path, name));
  }
}

void Planner::merge_name(int staged, int existing, const std::string& name,
                         const std::string& path) {
  struct stat ours {};
  if (::fstatat(staged, name.c_str(), &ours, AT_SYMLINK_NOFOLLOW) != 0) {
    throw tree::path_error("stat what is staged for", path);
  }
  struct stat theirs {};
  const bool found = ::fstatat(existing, name.c_str(), &theirs, AT_SYMLINK_NOFOLLOW) == 0;
  if (!found && errno != ENOENT) throw tree::path_error("stat", path);
  if (!found || removed_.contains(path)) {
    steps_.push_back({.kind = StepKind::kPlace, .path = path, .inode = ours.st_ino});
    return;
  }
  if ((ours.st_mode & S_IFMT) != (theirs.st_mode & S_IFMT)) {
    throw failed_precondition(reason::kWrongFileType, "{} conflicts with existing path: {}",
                              kind_word(ours.st_mode), printable(path));
  }
  if (S_ISDIR(ours.st_mode)) {
    waiting_.push_back(path);
    return;
  }
  steps_.push_back({.kind = StepKind::kReplace,
                    .path = path,
                    .inode = ours.st_ino,
                    .before = identity_of(theirs)});
}

}  // namespace pyro::agent::files
