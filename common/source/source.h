#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/api/workspace.h"
#include "common/config/paths.h"
#include "common/directory_lease/directory_lease.h"
#include "common/work/work.h"

/// The project of a server: the seed of workspaces whose caller names none.
namespace pyro::source {

/// The flags of a server.
struct SourceOptions {
  std::optional<std::string> project_path{};   ///< --project-path
  std::optional<std::string> repo_url{};       ///< --repo-url
  std::optional<std::string> repo_ref{};       ///< --repo-ref
  bool none = false;                           ///< --no-project-source
  std::vector<std::string> include_ignored{};  ///< --include-ignored
};

struct ProjectSource {
  api::OriginKind kind = api::OriginKind::kProjectPath;
  /// The seed: the root of the work tree, or a plain directory. Empty for a URL, see make_ready.
  std::filesystem::path path{};
  bool git_tracked = false;                    ///< only the files that Git tracks
  bool is_named = false;                       ///< by --project-path
  std::vector<std::string> include_ignored{};  ///< patterns of ignored files that go along
  std::string url{};                           ///< as given, with its credentials: for git alone
  std::optional<std::string> ref{};            ///< of the URL
  std::string shown{};  ///< origin_ref: the path, or the URL without credentials
};

/// The explicit project path, else the URL, else the Git work tree around `current_directory`, else
/// none. Runs nothing and uses no network: any `.git` above marks a work tree. The file system's
/// root and the home directory itself count only when named explicitly, since all of a user's files
/// are below them.
/// failed_precondition: another user owns the work tree or its `.git`; does not look further up
/// instead.
/// not_found: `project_path P does not exist`.
/// kInvalidArgument: `project_path P must be a directory`, `--repo-ref requires --repo-url`, flags
/// that exclude each other, an invalid URL or ref.
std::optional<ProjectSource> find_project_source(const SourceOptions& options,
                                                 const std::filesystem::path& current_directory);

/// Describes the seed, to follow `a workspace begins with`: `the Git-tracked files of
/// '/home/u/proj' as they stand`.
std::string describe(const ProjectSource& source);

/// Throws the error that a seed from it would cause: an unreadable repository. Does not check a
/// URL.
void check(const ProjectSource& source);

/// What a request to create a workspace says of it.
api::SeedOrigin origin_of(const ProjectSource& source);

/// The part of a source for a request to create a workspace.
struct ReadySource {
  std::string seed_path;
  api::SeedOrigin origin;
  /// Protects a clone until the workspace exists.
  std::optional<DirectoryLease> lease{};
};

/// Fetches a URL first, see fetch_repository; a path is ready.
ReadySource make_ready(const ProjectSource& source, const Paths& paths, const Work& work);

}  // namespace pyro::source
