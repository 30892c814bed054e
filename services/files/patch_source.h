#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "common/base/unique_fd.h"
#include "common/git/git.h"

namespace pyro::files {

/// How content appears in a patch.
enum class PatchForm {
  kText,     ///< as lines
  kBinary,   ///< as `GIT binary patch`
  kOddLink,  ///< the same, for links whose target is no valid UTF-8: git itself would show lines
};

/// A bare repository, as small as git takes one, made by a single fast-import: two states of some
/// files per form, from which git makes the patches. Content goes to disk as it comes.
class PatchSource {
 public:
  /// `git` outlives it.
  explicit PatchSource(const Git& git);

  /// Keeps content; the number it is known by from then on.
  std::uint64_t keep(std::string_view content);
  /// How much was kept, in bytes.
  std::uint64_t kept_bytes() const { return kept_bytes_; }

  enum class State { kBefore, kAfter };
  /// `path` is of `git_mode` (0100644, …) and holds `content` in one of the states.
  void put(PatchForm form, State state, std::string_view path, unsigned git_mode,
           std::uint64_t content);

  /// Lets git make the patches, into files; {form, file}. Ends the use of the rest.
  std::map<PatchForm, std::filesystem::path> make_patches();

 private:
  void write(std::string_view data);
  void flush();
  void write_states();

  const Git& git_;
  std::filesystem::path repository_;
  UniqueFd stream_;
  std::string buffer_;
  std::uint64_t count_ = 0;
  std::uint64_t kept_bytes_ = 0;
  /// By form, then state: the lines of its commit.
  std::map<PatchForm, std::map<State, std::string>> states_;
};

}  // namespace pyro::files
