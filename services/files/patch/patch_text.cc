#include "services/files/patch/patch_text.h"

#include <set>

#include "common/base/text.h"
#include "services/files/patch/hunks.h"
#include "services/files/patch/patch_labels.h"
#include "services/files/patch/patch_refusal.h"

namespace pyro::files {
namespace {

constexpr std::string_view kGitHeader = "diff --git ";

bool is_labels(const LineReader& lines) {
  return lines.peek().starts_with("--- ") && lines.peek_second().starts_with("+++ ");
}

bool is_binary(std::string_view line) {
  return line.starts_with("GIT binary patch") || line.starts_with("Binary files ");
}

/// Lines between the sections of other programs, which say nothing that the labels do not.
bool is_separator(std::string_view line) {
  return trim(line).empty() || line.starts_with("diff -u") || line.starts_with("diff -r") ||
         line.starts_with("diff -N") || line.starts_with("Index: ") || line.starts_with("=====");
}

class PatchParser {
 public:
  explicit PatchParser(std::string_view patch) : lines_(patch) {}

  std::vector<FilePatch> parse() {
    const std::string_view all = trim(lines_.rest());
    if (all.empty()) throw invalid_argument("patch must not be empty");
    while (!lines_.at_end()) {
      if (lines_.peek().starts_with(kGitHeader)) {
        take_git_section();
      } else if (is_labels(lines_)) {
        FilePatch file;
        take_labels_and_hunks(file);
        keep(std::move(file));
      } else {
        skip_line_between();
      }
    }
    if (files_.empty()) throw unsupported_patch(LineReader(all).peek());
    return std::move(files_);
  }

 private:
  void skip_line_between() {
    const std::string_view line = lines_.peek();
    if (line.starts_with("@@ -") || is_binary(line)) throw unsupported_patch(line);
    if (line == "-- " || line == "--") in_mail_ = true;
    if (!in_mail_ && !is_separator(line)) throw unsupported_patch(line);
    lines_.skip();
  }

  void take_git_section() {
    const std::string_view header = lines_.peek();
    lines_.skip();
    FilePatch file;
    while (take_extended_line(file)) {
    }
    const auto labels = read_git_header(header.substr(kGitHeader.size()));
    if (labels) file.path = path_of(*labels);
    const bool is_whole = file.change != FileChange::kModify || file.executable;
    // Labels of another file begin a section without a header.
    const bool has_labels = is_labels(lines_) && !(is_whole && labels && names_other(file.path));
    if (has_labels) {
      take_labeled(header, labels.has_value(), file);
    } else {
      if (!labels) throw patch_renames();
      if (!is_whole) throw unsupported_patch(header);
    }
    keep(std::move(file));
  }

  void take_labeled(std::string_view header, bool is_named, FilePatch& file) {
    const FileChange said = file.change;
    const std::string path = file.path;
    take_labels_and_hunks(file);
    if (said != FileChange::kModify && file.change != said) throw unsupported_patch(header);
    if (is_named && file.path != path) throw unsupported_patch(header, "its labels name another");
  }

  PatchLabels peek_labels() const {
    return {read_label(lines_.peek().substr(4)), read_label(lines_.peek_second().substr(4))};
  }
  bool names_other(const std::string& path) const { return path_of(peek_labels()) != path; }

  /// One of the lines between `diff --git` and `---`; false at the end of them.
  bool take_extended_line(FilePatch& file) {
    const std::string_view line = lines_.peek();
    const auto after = [line](std::string_view words) { return trim(line.substr(words.size())); };
    for (const auto words : {"rename ", "copy ", "similarity index "}) {
      if (line.starts_with(words)) throw patch_renames();
    }
    if (is_binary(line) || line.starts_with("dissimilarity ")) throw unsupported_patch(line);
    if (line.starts_with("new file mode ")) {
      file.change = FileChange::kAdd;
      file.executable = is_executable(after("new file mode "), line);
    } else if (line.starts_with("deleted file mode ")) {
      file.change = FileChange::kDelete;
      is_executable(after("deleted file mode "), line);
    } else if (line.starts_with("old mode ")) {
      is_executable(after("old mode "), line);
    } else if (line.starts_with("new mode ")) {
      file.executable = is_executable(after("new mode "), line);
    } else if (line.starts_with("index ")) {
      const std::string_view words = after("index ");
      if (const auto mode = words.find(' '); mode != words.npos) {
        is_executable(words.substr(mode + 1), line);
      }
    } else {
      return false;
    }
    lines_.skip();
    return true;
  }

  /// Links and submodules have other modes.
  static bool is_executable(std::string_view mode, std::string_view line) {
    if (mode != "100644" && mode != "100755") throw unsupported_patch(line);
    return mode == "100755";
  }

  void take_labels_and_hunks(FilePatch& file) {
    const PatchLabels labels = peek_labels();
    lines_.skip();
    const std::string_view last_label = lines_.peek();
    lines_.skip();
    file.path = path_of(labels);
    file.change = !labels.before  ? FileChange::kAdd
                  : !labels.after ? FileChange::kDelete
                                  : FileChange::kModify;
    const Hunks hunks = take_hunks(lines_);
    if (hunks.bytes.empty()) throw unsupported_patch(last_label, "no hunk follows");
    file.hunks = hunks.bytes;
    if (!file.hunks.ends_with('\n')) file.hunks += '\n';
    file.begins_at_nothing = hunks.begins_at_nothing;
    file.lacks_context = hunks.lacks_context;
  }

  void keep(FilePatch file) {
    if (file.path.empty()) throw invalid_argument("workspace path must name a file");
    if (!paths_.insert(file.path).second) {
      throw invalid_argument("patch names {} more than once", printable(file.path));
    }
    in_mail_ = false;
    files_.push_back(std::move(file));
  }

  LineReader lines_;
  bool in_mail_ = true;
  std::set<std::string> paths_;
  std::vector<FilePatch> files_;
};

}  // namespace

std::vector<FilePatch> parse_patch(std::string_view patch) { return PatchParser(patch).parse(); }

}  // namespace pyro::files
