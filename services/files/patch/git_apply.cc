#include "services/files/patch/git_apply.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <charconv>
#include <map>

#include "common/base/files.h"
#include "common/base/text.h"
#include "common/git/git.h"
#include "services/files/patch/patch_refusal.h"

namespace pyro::files {
namespace {

/// A file that grew more than a patch can make it grow is none of ours.
constexpr std::uint64_t kResultLimit = 64U << 20U;

std::string name_of(std::size_t index) { return fmt::format("f{}", index); }

/// A section in the one form that git is given.
std::string canonical_section(const FilePatch& patch, const std::string& name) {
  const std::string before = patch.change == FileChange::kAdd ? "/dev/null" : "a/" + name;
  const std::string after = patch.change == FileChange::kDelete ? "/dev/null" : "b/" + name;
  const std::string_view mode = patch.change == FileChange::kAdd      ? "new file mode 100644\n"
                                : patch.change == FileChange::kDelete ? "deleted file mode 100644\n"
                                                                      : "";
  return fmt::format("diff --git a/{0} b/{0}\n{1}--- {2}\n+++ {3}\n{4}", name, mode, before, after,
                     patch.hunks);
}

void write_new(const std::filesystem::path& path, std::string_view content) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644).get(), content);
}

/// Follows what `git apply -v` says.
class Narration {
 public:
  explicit Narration(std::size_t files) : offsets_(files) {}

  void hear(std::string_view line) {
    if (line.starts_with("Checking patch f")) {
      current_ = number_after(line, "patch f");
    } else if (line.starts_with("Hunk #") && current_ && *current_ < offsets_.size()) {
      auto& offset = offsets_[*current_];
      if (!offset) offset = number_after(line, "(offset ");
    }
  }

  /// The file that git was at when it ended.
  std::optional<std::size_t> current() const { return current_; }
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
  std::vector<std::optional<std::int64_t>> offsets_;
};

/// Applies one group of the files, in a directory of its own.
class GroupRun {
 public:
  GroupRun(const std::filesystem::path& scratch, const Work& work)
      : git_(scratch, work),
        patch_(open_file(git_.directory() / "patch", O_RDWR | O_CREAT | O_EXCL)) {}

  /// `index` is the file's place among all.
  void add(std::size_t index, const GitPatchInput& input) {
    files_.push_back(index);
    const std::string name = name_of(files_.size() - 1);
    if (input.patch->change != FileChange::kAdd) write_new(git_.directory() / name, input.content);
    write_all(patch_.get(), canonical_section(*input.patch, name));
  }

  void apply(const std::vector<GitPatchInput>& inputs, const std::string& option,
             std::vector<GitPatchOutput>& outputs) {
    if (::lseek(patch_.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
    std::vector<std::string> arguments{"apply", "--whitespace=nowarn", "-v", "-p1"};
    if (!option.empty()) arguments.push_back(option);
    Narration narration(files_.size());
    const CommandResult result =
        git_.run({.arguments = std::move(arguments),
                  .input = patch_.get(),
                  .on_error_line = [&](std::string_view line) { narration.hear(line); }});
    check_resources("git", result);
    if (!result.status.ok()) throw refusal(inputs, narration, result.error_output);
    for (std::size_t i = 0; i < files_.size(); ++i) {
      GitPatchOutput& output = outputs[files_[i]];
      output.offset_lines = narration.offset(i);
      if (inputs[files_[i]].patch->change == FileChange::kDelete) continue;
      const UniqueFd file = open_file(git_.directory() / name_of(i), O_RDONLY | O_NOFOLLOW);
      output.content = read_to_end(file.get(), kResultLimit);
    }
  }

 private:
  Error refusal(const std::vector<GitPatchInput>& inputs, const Narration& narration,
                std::string_view said) const {
    const auto at = narration.current();
    if (at && *at < files_.size()) return patch_mismatch(inputs[files_[*at]].patch->path);
    return invalid_argument("git refuses the patch: {}",
                            printable(trim(said.substr(0, said.find('\n')))));
  }

  Git git_;
  UniqueFd patch_;
  std::vector<std::size_t> files_;
};

}  // namespace

std::vector<GitPatchOutput> git_apply(const std::vector<GitPatchInput>& inputs,
                                      const std::filesystem::path& scratch, const Work& work) {
  // --unidiff-zero loosens the rule that a hunk without context after it belongs to the end of the
  // file, for a whole run: so hunks with context get a run of their own.
  std::map<bool, GroupRun> runs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const FilePatch& patch = *inputs[i].patch;
    const bool lacks_context =
        patch.change == FileChange::kModify && patch.lacks_context && !patch.begins_at_nothing;
    runs.try_emplace(lacks_context, scratch, work).first->second.add(i, inputs[i]);
  }
  std::vector<GitPatchOutput> outputs(inputs.size());
  for (auto& [lacks_context, run] : runs) {
    run.apply(inputs, lacks_context ? "--unidiff-zero" : "", outputs);
  }
  return outputs;
}

}  // namespace pyro::files
