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
#include "common/secrets/redactor.h"
#include "common/tree/tree.h"
#include "common/work/work.h"
#include "services/files/patch_source.h"

namespace pyro::files {

/// The entry at a path in one of the two compared states.
struct DiffSide {
  /// A directory counts only if empty: a non-empty one is kAbsent, and so are sockets, FIFOs and
  /// devices.
  tree::EntryKind kind = tree::EntryKind::kAbsent;
  std::uint32_t mode = 0;  ///< permission bits; unused for a link
  /// A file's content, or a link's target. For a file too large for a patch its digest, or any
  /// other text that is equal iff the content is.
  std::string content{};
  bool too_large = false;
};

bool is_same(const DiffSide& before, const DiffSide& after);
/// Of sides that are not the same.
api::DiffStatus status_of(const DiffSide& before, const DiffSide& after);

/// Count a change; count_form() whether it has a text_patch.
void count(api::DiffSummary& summary, api::DiffStatus status);
void count_form(api::DiffSummary& summary, const api::DiffEntry& entry);

/// The entries that a diff holds; all by default.
struct DiffPart {
  std::optional<std::string> path{};  ///< clean: only this one
  std::size_t offset = 0;             ///< how many to skip at the beginning
  /// Of paths and patch together; one entry is there whatever its size.
  std::optional<std::size_t> bytes{};
};

/// Makes a diff of the added paths. Streams content to disk; holds only the paths in memory, and
/// the patch at the end.
class DiffBuilder {
 public:
  /// The largest file in a patch.
  static constexpr std::size_t kContentLimit = 16U << 20U;
  /// The longest patch, and the most content for it, in bytes. A reply carries text twice, in the
  /// patch and with its entry, and the bus carries 64 MiB.
  static constexpr std::size_t kPatchLimit = 28U << 20U;
  static constexpr std::size_t kSourceLimit = 256U << 20U;
  /// The most entries, the limit of a message.
  static constexpr std::size_t kEntryLimit = 65536;
  /// What an entry says of itself beside its path, as JSON.
  static constexpr std::size_t kEntryBytes = 150;

  /// git's temporary files are below `scratch`. `redactor`: of the secrets that the patch does not
  /// show, or null.
  DiffBuilder(const std::filesystem::path& scratch, const Work& work,
              const Redactor* redactor = nullptr);

  /// Paths are clean (tree::is_clean_path), each once, in any order. Ignores a path with equal
  /// sides or with a part `.git`.
  /// resource_exhausted: more than kEntryLimit paths differ.
  void add(const std::string& path, const DiffSide& before, const DiffSide& after);

  /// The diff, without the workspace's id: entries and patch of `part`, the summary of all. Do not
  /// use the builder afterwards.
  api::Diff build(const DiffPart& part = {});

 private:
  /// A path that differs.
  struct Change {
    api::DiffStatus status = api::DiffStatus::kModified;
    api::ArtifactType artifact_type = api::ArtifactType::kFile;
    bool is_text = false;      ///< gets a text_patch
    std::size_t sections = 0;  ///< expected from git
    bool omitted = false;      ///< from the patch: too large for it, or git refuses the path
    std::string patch{};
  };

  using Changed = std::pair<const std::string, Change>;
  using ChangesByHeader = std::map<std::string, Changed*>;

  bool put(Change& change, const std::string& path, const DiffSide& before, const DiffSide& after);
  void collect(PatchForm form, const std::filesystem::path& patch,
               const ChangesByHeader& by_header);
  void take_section(PatchForm form, Changed& changed, std::string_view section);

  const Redactor* redactor_;
  Git git_;
  PatchSource source_;
  std::map<std::string, Change> changes_;
  std::size_t patch_bytes_ = 0;
};

}  // namespace pyro::files
