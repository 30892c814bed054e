#include "common/source/source.h"

#include <sys/stat.h>

#include "common/base/error.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/source/fetch.h"
#include "common/source/ownership.h"
#include "common/source/ref_name.h"
#include "common/source/remote_url.h"
#include "common/source/repository.h"

namespace pyro::source {
namespace {

namespace fs = std::filesystem;

void refuse_contradictions(const SourceOptions& options) {
  if (options.repo_ref && !options.repo_url)
    throw invalid_argument("--repo-ref requires --repo-url");
  if (options.project_path && options.repo_url) {
    throw invalid_argument("--project-path and --repo-url exclude each other");
  }
  if (options.none && (options.project_path || options.repo_url)) {
    throw invalid_argument("--no-project-source and {} exclude each other",
                           options.project_path ? "--project-path" : "--repo-url");
  }
}

/// The nearest directory from `start` upwards with a `.git` of any kind.
std::optional<fs::path> work_tree_above(const fs::path& start) {
  for (fs::path directory = start;; directory = directory.parent_path()) {
    struct stat info {};
    if (::lstat((directory / ".git").c_str(), &info) == 0) return directory;
    if (!directory.has_relative_path()) return std::nullopt;
  }
}

bool is_home(const fs::path& directory) {
  for (const auto& home : home_directories()) {
    std::error_code failed;
    if (fs::equivalent(directory, home, failed)) return true;
  }
  return false;
}

ProjectSource of_path(const fs::path& path, bool git_tracked) {
  return {.path = path, .git_tracked = git_tracked, .shown = path.string()};
}

ProjectSource of_work_tree(const fs::path& root, const SourceOptions& options) {
  refuse_foreign(root, {root, root / ".git"});
  ProjectSource source = of_path(root, true);
  source.is_named = options.project_path.has_value();
  source.include_ignored = options.include_ignored;
  return source;
}

ProjectSource of_project_path(const SourceOptions& options, const fs::path& current_directory) {
  const std::string& given = *options.project_path;
  std::error_code failed;
  const fs::path path = fs::canonical(current_directory / given, failed);
  if (failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory) {
    throw not_found(reason::kHostPathMissing, "project_path {} does not exist", printable(given));
  }
  if (failed)
    throw system_error(fmt::format("project_path '{}'", printable(given)), failed.value());
  if (!fs::is_directory(path)) {
    throw invalid_argument("project_path {} must be a directory", printable(given));
  }
  const auto root = work_tree_above(path);
  return root ? of_work_tree(*root, options) : of_path(path, false);
}

ProjectSource of_url(const SourceOptions& options, const fs::path& current_directory) {
  std::string url = *options.repo_url;
  const bool is_relative = url.find(':') == std::string::npos && !url.starts_with('/');
  if (is_relative && !url.empty() && !url.starts_with('-')) {
    url = (current_directory / url).lexically_normal().string();
  }
  ProjectSource source{.kind = api::OriginKind::kRepoUrl,
                       .git_tracked = true,
                       .url = url,
                       .ref = options.repo_ref,
                       .shown = parse_remote_url(url).plain};
  if (source.ref) {
    check_ref(*source.ref);
    source.shown += "@" + *source.ref;
  }
  return source;
}

}  // namespace

std::optional<ProjectSource> find_project_source(const SourceOptions& options,
                                                 const fs::path& current_directory) {
  refuse_contradictions(options);
  if (options.none) return std::nullopt;
  if (options.project_path) return of_project_path(options, current_directory);
  if (options.repo_url) return of_url(options, current_directory);
  std::error_code failed;
  const fs::path start = fs::canonical(current_directory, failed);
  const auto root = failed ? std::nullopt : work_tree_above(start);
  if (!root || !root->has_relative_path() || is_home(*root)) return std::nullopt;
  return of_work_tree(*root, options);
}

std::string describe(const ProjectSource& source) {
  const std::string shown = printable(source.shown);
  if (source.kind == api::OriginKind::kRepoUrl) return fmt::format("a clean clone of '{}'", shown);
  if (!source.git_tracked) return fmt::format("all files of '{}'", shown);
  std::string text = fmt::format("the Git-tracked files of '{}' as they stand", shown);
  if (!source.include_ignored.empty()) {
    text += fmt::format(", with the ignored ones that match {}",
                        printable(join(source.include_ignored, ", ")));
  }
  return text;
}

void check(const ProjectSource& source) {
  if (source.kind == api::OriginKind::kProjectPath && source.git_tracked) {
    open_repository(source.path, place_of_git_directory(source.is_named));
  }
}

api::SeedOrigin origin_of(const ProjectSource& source) {
  return {.origin_kind = source.kind,
          .origin_ref = source.shown,
          .git_tracked = source.git_tracked,
          .is_named = source.is_named,
          .include_ignored = source.include_ignored};
}

ReadySource make_ready(const ProjectSource& source, const Paths& paths, const Work& work) {
  ReadySource ready{.seed_path = source.path.string(), .origin = origin_of(source)};
  if (source.kind == api::OriginKind::kRepoUrl) {
    paths.make_directories();  // a foreign cache is refused before anything goes into it
    FetchedRepository fetched = fetch_repository(paths.cache_dir, source.url, source.ref, work);
    ready.seed_path = fetched.path.string();
    ready.lease.emplace(std::move(fetched.lease));
  }
  return ready;
}

}  // namespace pyro::source
