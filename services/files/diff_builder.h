#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/api/artifact.h"
#include "common/api/workspace_diff.h"
#include "common/git/git.h"
#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/patch_source.h"

namespace pyro::files {

/// The entry at a path at one of the two compared moments.
struct DiffSide {
  /// A directory counts only when it is empty: one with something in it is kAbsent, and so is
  /// what is no file, link or directory.
  tree::EntryKind kind = tree::EntryKind::kAbsent;
  std::uint32_t mode = 0;  ///< permission bits; of no meaning for a link
  /// A file's content, a link's target; for a file that is too large for a patch its digest, or any
  /// other text that is equal when the content is.
  std::string content{};
  bool too_large = false;
};

/// Which entries a diff is to hold; all by default.
struct DiffPart {
  std::optional<std::string> path{};  ///< clean: this one alone
  std::size_t offset = 0;             ///< how many are left out at the beginning
};

/// Makes a diff of the paths that it is told of. Content goes to disk as it comes; in memory are
/// only the paths, and in the end the patch.
class DiffBuilder {
 public:
  /// Content of a file that is larger cannot be in a patch.
  static constexpr std::size_t kContentLimit = 16U << 20U;
  /// The longest patch, and the most content that it is made from; in bytes. A reply carries text
  /// twice, in the patch and with its entry, and the bus 64 MiB.
  static constexpr std::size_t kPatchLimit = 28U << 20U;
  static constexpr std::size_t kSourceLimit = 256U << 20U;
  /// The most entries, as many as a message can have.
  static constexpr std::size_t kEntryLimit = 65536;

  /// git's temporary files lie below `scratch`.
  DiffBuilder(const std::filesystem::path& scratch, const Work& work);

  /// Paths are clean (tree::is_clean_path), each comes once, in any order. Nothing is taken of a
  /// path where both sides are alike, and of one with a part `.git`.
  /// resource_exhausted: more than kEntryLimit paths differ.
  void add(const std::string& path, const DiffSide& before, const DiffSide& after);

  /// The diff, without the workspace's id: entries and patch of `part`, the summary of all. Ends
  /// the use of the builder.
  api::Diff build(const DiffPart& part = {});

 private:
  /// A path that differs.
  struct Change {
    api::DiffStatus status = api::DiffStatus::kModified;
    api::ArtifactType artifact_type = api::ArtifactType::kFile;
    bool is_text = false;      ///< gets a text_patch
    std::size_t sections = 0;  ///< that git is to make of it
    bool omitted = false;      ///< from the patch: too large for it, or git refuses the path
    std::string patch{};
  };

  using Changed = std::pair<const std::string, Change>;
  using ChangesByHeader = std::map<std::string, Changed*>;

  bool put(Change& change, const std::string& path, const DiffSide& before, const DiffSide& after);
  void collect(PatchForm form, const std::filesystem::path& patch,
               const ChangesByHeader& by_header);
  void take_section(PatchForm form, Changed& changed, std::string_view section);

  Git git_;
  PatchSource source_;
  std::map<std::string, Change> changes_;
  std::size_t patch_bytes_ = 0;
};

}  // namespace pyro::files
