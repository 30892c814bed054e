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
  kOddLink,  ///< the same, for links whose target is not valid UTF-8: git itself would show lines
};

/// A minimal bare repository, made by a single fast-import: two states of some files per form, from
/// which git makes the patches. Streams content to disk.
class PatchSource {
 public:
  /// `git` outlives it.
  explicit PatchSource(const Git& git);

  /// Stores content; returns its number.
  std::uint64_t keep(std::string_view content);
  /// The stored bytes.
  std::uint64_t kept_bytes() const { return kept_bytes_; }

  enum class State { kBefore, kAfter };
  /// Puts `path` with `git_mode` (0100644, …) and `content` into one of the states.
  void put(PatchForm form, State state, std::string_view path, unsigned git_mode,
           std::uint64_t content);

  /// Makes git write the patches into files; {form, file}. Call nothing else afterwards.
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
  /// The lines of each commit, by form and state.
  std::map<PatchForm, std::map<State, std::string>> states_;
};

}  // namespace pyro::files
