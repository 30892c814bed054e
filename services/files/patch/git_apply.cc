#include "services/files/patch/git_apply.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <charconv>
#include <map>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/git/git.h"
#include "services/files/patch/patch_limits.h"
#include "services/files/patch/patch_refusal.h"
#include "services/files/scratch_file.h"

namespace pyro::files {
namespace {

/// A few bytes can unpack to any number, and lines that are all alike take any time to compare.
constexpr Limits kApplyLimits{.address_space_bytes = 2ULL << 30U,
                              .file_size_bytes = 4 * kPatchedFileLimit};
constexpr std::chrono::seconds kApplyTime(60);

std::string name_of(std::size_t index) { return fmt::format("f{}", index); }

/// A section in the one form that git is given.
std::string canonical_section(const FilePatch& patch, const PlacedHunks& hunks,
                              const std::string& name) {
  const bool adds = patch.change == FileChange::kAdd;
  const bool deletes = patch.change == FileChange::kDelete;
  std::string text = fmt::format("diff --git a/{0} b/{0}\n", name);
  if (adds) text += "new file mode 100644\n";
  if (deletes) text += "deleted file mode 100644\n";
  if (!patch.binary.empty()) {
    return text +
           fmt::format("index {}{}\n{}", patch.ids, adds || deletes ? "" : " 100644", patch.binary);
  }
  return text + fmt::format("--- {}\n+++ {}\n{}", adds ? "/dev/null" : "a/" + name,
                            deletes ? "/dev/null" : "b/" + name, hunks.text);
}

/// Follows what `git apply -v` says.
class Narration {
 public:
  explicit Narration(std::size_t files) : offsets_(files) {}

  void hear(std::string_view line) {
    if (line.starts_with("error: ")) {
      // git goes on to check the others.
      if (!failed_) failed_ = current_;
    } else if (line.starts_with("Checking patch f")) {
      current_ = number_after(line, "patch f");
    } else if (line.starts_with("Hunk #") && current_ && *current_ < offsets_.size()) {
      auto& offset = offsets_[*current_];
      if (!offset) offset = number_after(line, "(offset ");
    }
  }

  /// The first file that does not fit.
  std::optional<std::size_t> failed() const { return failed_; }
  std::optional<std::int64_t> offset(std::size_t index) const { return offsets_[index]; }

 private:
  static std::optional<std::int64_t> number_after(std::string_view line, std::string_view words) {
    const std::size_t at = line.find(words);
    if (at == line.npos) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] =
        std::from_chars(line.data() + at + words.size(), line.data() + line.size(), number);
    return error == std::errc() ? std::optional(number) : std::nullopt;
  }

  std::optional<std::size_t> current_;
  std::optional<std::size_t> failed_;
  std::vector<std::optional<std::int64_t>> offsets_;
};

/// Applies one group of the files, in a directory of its own.
class GroupRun {
 public:
  GroupRun(const std::filesystem::path& scratch, const Work& work) : git_(scratch, work) {}

  /// `index` is the file's place among all.
  void add(std::size_t index, const GitPatchInput& input, const PlacedHunks& hunks) {
    files_.push_back(index);
    const std::string name = name_of(files_.size() - 1);
    if (input.patch->change != FileChange::kAdd) {
      write_scratch_file(git_.directory() / name, input.content);
    }
    patch_ += canonical_section(*input.patch, hunks, name);
  }

  void apply(const std::vector<GitPatchInput>& inputs, const std::string& option,
             std::vector<GitPatchOutput>& outputs) {
    const UniqueFd patch = open_scratch_file(git_.directory() / "patch", patch_);
    std::vector<std::string> arguments{"apply", "--whitespace=nowarn", "-v", "-p1"};
    if (!option.empty()) arguments.push_back(option);
    Narration narration(files_.size());
    const CommandResult result =
        run({.arguments = std::move(arguments),
             .input = patch.get(),
             .on_error_line = [&](std::string_view line) { narration.hear(line); },
             .limits = kApplyLimits,
             .time = kApplyTime});
    check_resources("git", result);
    if (!result.status.ok()) throw refusal(inputs, narration, result.error_output);
    for (std::size_t i = 0; i < files_.size(); ++i) {
      GitPatchOutput& output = outputs[files_[i]];
      output.offset_lines = narration.offset(i);
      if (inputs[files_[i]].patch->change == FileChange::kDelete) continue;
      const UniqueFd file = open_file(git_.directory() / name_of(i), O_RDONLY | O_NOFOLLOW);
      output.content = read_to_end(file.get(), kPatchedFileLimit + 1);
    }
  }

 private:
  CommandResult run(const Git::Run& run) const {
    try {
      return git_.run(run);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kDeadlineExceeded) throw;
      throw resource_exhausted(reason::kTooLarge, "git needs too long to apply the patch");
    }
  }

  Error refusal(const std::vector<GitPatchInput>& inputs, const Narration& narration,
                std::string_view said) const {
    const auto at = narration.failed();
    if (!at || *at >= files_.size()) {
      return invalid_argument(reason::kPatchUnsupported, "git refuses the patch: {}",
                              printable(trim(said.substr(0, said.find('\n')))));
    }
    const GitPatchInput& input = inputs[files_[*at]];
    if (!input.patch->binary.empty()) {
      return patch_mismatch(input.patch->path,
                            "its content is not that which the binary patch was made for");
    }
    return patch_mismatch(input.patch->path, difference(*input.patch, input.content));
  }

  Git git_;
  std::string patch_;
  std::vector<std::size_t> files_;
};

}  // namespace

std::vector<GitPatchOutput> git_apply(const std::vector<GitPatchInput>& inputs,
                                      const std::filesystem::path& scratch, const Work& work) {
  // --unidiff-zero loosens the rule that a hunk without context after it belongs to the end of the
  // file, for a whole run: so files whose hunks it places get a run of their own.
  std::map<bool, GroupRun> runs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    PlacedHunks hunks;
    if (inputs[i].patch->binary.empty()) hunks = place_hunks(*inputs[i].patch, inputs[i].content);
    runs.try_emplace(hunks.by_numbers, scratch, work).first->second.add(i, inputs[i], hunks);
  }
  std::vector<GitPatchOutput> outputs(inputs.size());
  for (auto& [by_numbers, run] : runs) {
    run.apply(inputs, by_numbers ? "--unidiff-zero" : "", outputs);
  }
  return outputs;
}

}  // namespace pyro::files
