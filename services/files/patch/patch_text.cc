#include "services/files/patch/patch_text.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "services/files/patch/patch_labels.h"
#include "services/files/patch/patch_limits.h"
#include "services/files/patch/patch_refusal.h"
#include "services/files/workspace_path.h"

namespace pyro::files {
namespace {

constexpr std::string_view kGitHeader = "diff --git ";
constexpr std::string_view kBinary = "GIT binary patch";
constexpr std::string_view kAddFile = "*** Add File: ";
constexpr std::string_view kUpdateFile = "*** Update File: ";
constexpr std::string_view kDeleteFile = "*** Delete File: ";
constexpr std::string_view kMoveTo = "*** Move to: ";
constexpr std::size_t kMostMails = 256;

/// The first line of a mail of `git format-patch`.
bool is_mail(std::string_view line) {
  constexpr std::string_view kFrom = "From ";
  constexpr std::size_t kLeastId = 4;
  if (!line.starts_with(kFrom)) return false;
  const std::string_view id =
      line.substr(kFrom.size(), line.find(' ', kFrom.size()) - kFrom.size());
  return id.size() >= kLeastId &&
         id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_binary(std::string_view line) {
  return line.starts_with(kBinary) || line.starts_with("Binary files ");
}

/// Lines between the sections of other programs, which say nothing that the labels do not.
bool is_separator(std::string_view line) {
  return trim(line).empty() || line.starts_with("diff -u") || line.starts_with("diff -r") ||
         line.starts_with("diff -N") || line.starts_with("Index: ") || line.starts_with("=====");
}

/// Around a patch in an answer of a model: prose may stand before and behind.
bool is_wrapping(std::string_view line) {
  return line.starts_with("```") || line.starts_with("*** Begin Patch") ||
         line.starts_with("*** End Patch");
}

PatchMode mode_of(std::string_view mode, std::string_view line) {
  if (mode == "100644" || mode == "100664") return PatchMode::kPlain;
  if (mode == "100755") return PatchMode::kExecutable;
  if (mode == "120000") return PatchMode::kLink;
  if (mode == "160000") return PatchMode::kSubmodule;
  throw unsupported_patch(line);
}

/// `rename from NAME`
std::string path_in_header(std::string_view name) {
  const auto read = read_label(name);
  if (!read) throw unsupported_patch(name);
  return workspace_path(*read, PathUse::kGitName);
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
      } else if (!take_envelope_section() && !take_labelled_section()) {
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
    if (is_mail(line) && !files_.empty() && files_.back().mail == mail_) {
      if (++mail_ == kMostMails) {
        throw invalid_argument(reason::kPatchUnsupported,
                               "the patch is a series of more than {} mails: apply it in parts",
                               kMostMails);
      }
    }
    if (line == "-- " || line == "--" || is_mail(line) || is_wrapping(line)) in_prose_ = true;
    if (!in_prose_ && !is_separator(line)) throw unsupported_patch(line);
    lines_.skip();
  }

  bool take_labelled_section() {
    if (!is_labels(lines_)) return false;
    FilePatch file;
    take_labels_and_hunks(file);
    keep(std::move(file));
    return true;
  }

  void take_git_section() {
    const std::string_view header = lines_.peek();
    lines_.skip();
    FilePatch file;
    while (take_extended_line(file)) {
    }
    const bool moves = !file.source.empty() || !file.path.empty();
    if (moves) {
      if (file.source.empty() || file.path.empty()) throw unsupported_patch(header);
      if (is_labels(lines_) && !labels_another(file)) take_hunks_of(file);
    } else {
      take_section_of_one_file(header, file);
    }
    keep(std::move(file));
  }

  void take_section_of_one_file(std::string_view header, FilePatch& file) {
    const auto labels = read_git_header(header.substr(kGitHeader.size()));
    if (labels) file.path = path_of(*labels);
    const bool is_whole =
        file.change != FileChange::kModify || file.new_mode || !file.binary.empty();
    // Labels of another file begin a section without a header.
    if (is_labels(lines_) && !(is_whole && labels && labels_another(file))) {
      const FilePatch said = file;
      take_labels_and_hunks(file);
      if (said.change != FileChange::kModify && file.change != said.change) {
        throw unsupported_patch(header);
      }
      if (labels && file.path != said.path) {
        throw unsupported_patch(header, "its labels name another");
      }
      return;
    }
    if (!labels) throw unsupported_patch(header, "it names two files");
    if (!is_whole) throw unsupported_patch(header);
  }

  PatchLabels peek_labels() const {
    return {read_label(lines_.peek().substr(4)), read_label(lines_.peek_after(1).substr(4))};
  }
  bool labels_another(const FilePatch& file) const {
    if (file.source.empty()) return path_of(peek_labels(), file.path) != file.path;
    const auto after = peek_labels().after;
    return after && !after->ends_with(file.path);
  }

  /// One of the lines between `diff --git` and `---`; false at the end of them.
  bool take_extended_line(FilePatch& file) {
    const std::string_view line = lines_.peek();
    const auto has = [line](std::string_view words) { return line.starts_with(words); };
    const auto after = [line](std::string_view words) { return line.substr(words.size()); };
    if (line.starts_with("Binary files ")) throw patch_without_content(line);
    if (line.starts_with(kBinary)) {
      take_binary(file);
      return true;
    }
    if (has("new file mode ")) {
      file.change = FileChange::kAdd;
      file.new_mode = mode_of(trim(after("new file mode ")), line);
    } else if (has("deleted file mode ")) {
      file.change = FileChange::kDelete;
      file.old_mode = mode_of(trim(after("deleted file mode ")), line);
    } else if (has("old mode ")) {
      file.old_mode = mode_of(trim(after("old mode ")), line);
    } else if (has("new mode ")) {
      file.new_mode = mode_of(trim(after("new mode ")), line);
    } else if (has("rename from ") || has("copy from ")) {
      file.change = has("rename") ? FileChange::kRename : FileChange::kCopy;
      file.source = path_in_header(line.substr(line.find("from ") + 5));
    } else if (has("rename to ") || has("copy to ")) {
      file.path = path_in_header(line.substr(line.find("to ") + 3));
    } else if (has("index ")) {
      const std::string_view words = trim(after("index "));
      file.ids = words.substr(0, words.find(' '));
      if (const auto mode = words.find(' '); mode != words.npos) {
        const PatchMode both = mode_of(words.substr(mode + 1), line);
        file.old_mode = both;
        if (both == PatchMode::kLink || both == PatchMode::kSubmodule) file.new_mode = both;
      }
    } else if (!has("similarity index ") && !has("dissimilarity index ")) {
      return false;
    }
    lines_.skip();
    return true;
  }

  /// Two blocks of lines, forwards and backwards, each with an empty line behind it.
  void take_binary(FilePatch& file) {
    file.binary = std::string(kBinary) + "\n";
    lines_.skip();
    for (int block = 0; block < 2; ++block) {
      const std::string_view first = lines_.peek();
      if (!first.starts_with("literal ") && !first.starts_with("delta ")) break;
      require_small(first);
      while (!lines_.at_end() && !lines_.peek().empty()) {
        require_binary(lines_.peek(), first);
        file.binary.append(lines_.peek()) += '\n';
        lines_.skip();
      }
      file.binary += '\n';
      if (!lines_.at_end()) lines_.skip();
    }
  }

  /// git's base 85 has no other characters, so that no line can be anything else to git.
  static void require_binary(std::string_view line, std::string_view first) {
    static constexpr std::string_view kOthers = "!#$%&()*+-;<=>?@^_`{|}~";
    const auto is_digit = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             kOthers.find(c) != kOthers.npos;
    };
    const bool fits =
        line.data() == first.data() || std::all_of(line.begin(), line.end(), is_digit);
    if (!fits) throw unsupported_patch(line, "it is no line of binary content");
  }

  /// Its content unpacked, which git takes memory for before it looks.
  void require_small(std::string_view line) {
    const std::string_view digits = line.substr(line.find(' ') + 1);
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc() || end != digits.data() + digits.size()) throw unsupported_patch(line);
    binary_bytes_ += std::min(size, kPatchedFileLimit + 1);
    // Most patches have both directions.
    if (size > kPatchedFileLimit || binary_bytes_ > 2 * kPatchedFilesLimit) {
      throw resource_exhausted(reason::kTooLarge,
                               "the binary content of the patch is over {} a file or {} together",
                               human_size(kPatchedFileLimit), human_size(kPatchedFilesLimit));
    }
  }

  /// The hunks of a file whose names are known.
  void take_hunks_of(FilePatch& file) {
    lines_.skip();
    const std::string_view last_label = lines_.peek();
    lines_.skip();
    file.hunks = take_hunks(lines_);
    if (file.hunks.empty()) throw unsupported_patch(last_label, "no hunk follows");
  }

  void take_labels_and_hunks(FilePatch& file) {
    const PatchLabels labels = peek_labels();
    const bool absent_before = says_absent(lines_.peek());
    const bool absent_after = says_absent(lines_.peek_after(1));
    file.path = path_of(labels, file.path);
    take_hunks_of(file);
    const auto none = [&file](std::size_t (Hunk::*count)() const) {
      return std::all_of(file.hunks.begin(), file.hunks.end(),
                         [count](const Hunk& hunk) { return (hunk.*count)() == 0; });
    };
    // A file may also be as old as that.
    const bool adds = !labels.before || (absent_before && none(&Hunk::old_lines));
    const bool deletes = !labels.after || (absent_after && none(&Hunk::new_lines));
    file.change = adds ? FileChange::kAdd : deletes ? FileChange::kDelete : FileChange::kModify;
  }

  bool take_envelope_section() {
    const std::string_view line = lines_.peek();
    FilePatch file;
    if (line.starts_with(kAddFile)) {
      file.change = FileChange::kAdd;
      file.path = workspace_path(trim(line.substr(kAddFile.size())), PathUse::kGitName);
      lines_.skip();
      file.hunks.push_back(take_added_lines(lines_));
      if (file.hunks.front().lines.empty()) file.hunks.clear();
    } else if (line.starts_with(kDeleteFile)) {
      file.change = FileChange::kDelete;
      file.whatever_is_there = true;
      file.path = workspace_path(trim(line.substr(kDeleteFile.size())), PathUse::kGitName);
      lines_.skip();
    } else if (line.starts_with(kUpdateFile)) {
      file.path = workspace_path(trim(line.substr(kUpdateFile.size())), PathUse::kGitName);
      lines_.skip();
      if (lines_.peek().starts_with(kMoveTo)) {
        file.change = FileChange::kRename;
        file.source = file.path;
        file.path = workspace_path(trim(lines_.peek().substr(kMoveTo.size())), PathUse::kGitName);
        lines_.skip();
      }
      file.hunks = take_hunks(lines_, true);
      if (file.hunks.empty() && file.source.empty())
        throw unsupported_patch(line, "no hunk follows");
    } else {
      return false;
    }
    keep(std::move(file));
    return true;
  }

  static void require_usable(const std::string& path) {
    if (path.empty()) throw invalid_argument("workspace path must name a file");
    const auto parts = split(path, '/');
    const bool in_git = std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
      return ::strcasecmp(part.c_str(), ".git") == 0;
    });
    if (in_git) {
      throw invalid_argument(reason::kPatchUnsupported,
                             "no patch changes {}: what is in .git is Git's", printable(path));
    }
  }

  void keep(FilePatch file) {
    require_usable(file.path);
    if (!file.source.empty()) require_usable(file.source);
    file.mail = mail_;
    in_prose_ = false;
    files_.push_back(std::move(file));
  }

  LineReader lines_;
  bool in_prose_ = true;
  std::size_t mail_ = 0;
  std::uint64_t binary_bytes_ = 0;
  std::vector<FilePatch> files_;
};

}  // namespace

std::vector<FilePatch> parse_patch(std::string_view patch) { return PatchParser(patch).parse(); }

}  // namespace pyro::files
