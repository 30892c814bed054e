#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/digest/digest.h"
#include "common/git/git.h"
#include "common/source/repository.h"
#include "services/files/git_seed/git_settings.h"
#include "services/files/git_seed/index_file.h"

namespace pyro::files {

/// A repository of ours that shows git only the objects and a copy of the index of another one: no
/// configuration, hook, attribute, ref, replacement or graft of it.
class BorrowedRepository {
 public:
  /// Exists below `scratch` as long as this object.
  BorrowedRepository(const source::Repository& source, const std::filesystem::path& scratch,
                     const Work& work);

  /// The most paths of an index or a commit.
  static constexpr std::size_t kMostPaths = 2'000'000;

  /// The index of the work tree with what git remembers of its files; empty without an index.
  /// Every path is clean, and git itself would check it out (not `.git/config` or `GIT~1`).
  IndexFile read_index() const;
  /// When that index was written; 0 without one.
  std::int64_t index_mtime_ns() const { return index_mtime_ns_; }

  const source::Repository& source() const { return source_; }
  const Git& git() const { return git_; }
  const Work& work() const { return work_; }
  DigestKind ids() const { return ids_; }
  const GitSettings& settings() const { return settings_; }
  /// The commits without parents here, a line each; "": the history is whole.
  const std::string& shallow() const { return shallow_; }
  void set_shallow(std::string lines);

  /// Runs git here and returns its output without the last line break. failed_precondition with
  /// what git says: it failed.
  std::string run(Git::Run run) const;
  bool succeeds(std::vector<std::string> arguments) const;
  /// The output as a file at its beginning. `of` names what it lists if that is too long.
  UniqueFd list(std::string_view of, std::vector<std::string> arguments) const;
  /// failed_precondition: an object is no ordinary file.
  void require_ordinary_objects() const;

 private:
  void read_settings();
  void borrow_objects();
  void copy_index();
  void copy_shared_index(std::string_view index);
  Git::Run trusting_little(Git::Run run) const;
  void require_ok(const CommandResult& result) const;

  const source::Repository& source_;
  Git git_;
  const Work& work_;
  std::vector<std::filesystem::path> stores_;
  DigestKind ids_ = DigestKind::kSha1;
  GitSettings settings_;
  std::int64_t index_mtime_ns_ = 0;
  std::string shallow_;
};

}  // namespace pyro::files
