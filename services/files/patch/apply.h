#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/agent_files.h"
#include "common/api/workspace_patch.h"
#include "common/tree/tree.h"
#include "common/work/work.h"

namespace pyro::files {

/// The file at a path that a patch names.
struct CurrentFile {
  tree::EntryKind kind = tree::EntryKind::kAbsent;
  std::uint32_t mode = 0;
  std::string content{};  ///< of a regular file; the target of a link
  std::uint64_t inode = 0;
  std::int64_t ctime_ns = 0;
};

/// Returns the entry at each path; a path without an entry is absent.
using FetchFiles =
    std::function<std::map<std::string, CurrentFile>(const std::vector<std::string>& paths)>;

/// The files after a patch, for one atomic change.
struct PatchOutcome {
  struct File {
    std::string path;
    std::uint32_t mode;
    std::string content;  ///< the target of a link
    bool is_link = false;
  };
  std::vector<api::PatchEntry> entries;  ///< sorted by path
  std::vector<File> writes;              ///< sorted by path
  /// What goes; of a file that becomes a link or the other way round the same path is written.
  std::vector<std::string> deletions;
  /// The earlier state of each file that the patch names.
  std::vector<api::agent::Expectation> expectations;
  std::vector<std::string> left_out;  ///< submodules, whose pointers are no files
};

/// Applies a patch with git to copies of its files, below `scratch`: all hunks must fit. git sees
/// the files under our own names, so that no path of a patch reaches the host's file system. Of a
/// series each mail applies to what the one before made. The outcome leaves out unchanged files.
/// kInvalidArgument: as parse_patch, or a link that leads out of the workspace.
/// failed_precondition: `patch context does not match for P: …`.
/// resource_exhausted: a file is over the limit.
PatchOutcome apply_patch(std::string_view patch, const FetchFiles& fetch,
                         const std::filesystem::path& scratch, const Work& work);

}  // namespace pyro::files
