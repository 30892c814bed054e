#include "services/files/guarded_export.h"

#include "common/base/text.h"
#include "common/tree/path.h"
#include "services/files/git_directory_name.h"
#include "services/files/obeyed_name.h"

namespace pyro::files {
namespace {

constexpr std::uint32_t kExecutableBits = 0111;

}  // namespace

Error in_git_directory(std::string_view field, std::string_view path) {
  return invalid_argument(
      "{} '{}' is a .git directory or lies in one: git on the host would obey what is put there",
      field, printable(path));
}

void GuardedExport::entry(const tree::Entry& entry) {
  leaves_out_ = !is_wanted(entry.path);
  if (leaves_out_) {
    ++left_out_;
    return;
  }
  look_for_git_directory(entry.path);
  tree::Entry taken = entry;
  if (guarded_ && entry.kind == tree::EntryKind::kFile && (entry.mode & kExecutableBits) != 0) {
    taken.mode &= ~kExecutableBits;
    ++executable_bits_dropped_;
  }
  next_.entry(taken);
}

bool GuardedExport::is_wanted(const std::string& path) {
  if (has_git_directory_name(path)) return false;
  if (!guarded_ || !has_obeyed_name(path)) return true;
  const bool is_top_of_them = !has_obeyed_name(tree::parent_of(path));
  if (is_top_of_them && withheld_.size() < kMostNamed) withheld_.push_back(to_valid_utf8(path));
  return false;
}

void GuardedExport::look_for_git_directory(const std::string& path) {
  if (path.empty()) return;
  GitDirectoryMarks mark;
  mark.add(tree::name_of(path));
  if (!mark.any()) return;
  const std::string directory(tree::parent_of(path));
  GitDirectoryMarks& marks = marks_[directory];
  marks.add(tree::name_of(path));
  if (!marks.complete()) return;
  throw invalid_argument(
      "'{}' in path is a git directory, which git on the host would obey: export the rest of it, "
      "or let the user copy it with `pyro workspace export`",
      directory.empty() ? "." : printable(directory));
}

void GuardedExport::data(std::string_view bytes) {
  if (!leaves_out_) next_.data(bytes);
}

void GuardedExport::hole(std::uint64_t bytes) {
  if (!leaves_out_) next_.hole(bytes);
}

void GuardedExport::end_file() {
  if (!leaves_out_) next_.end_file();
}

}  // namespace pyro::files
