#include "services/files/git_seed/borrowed_repository.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <set>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/files.h"
#include "common/base/text.h"
#include "common/base/timespec.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "services/files/git_directory_name.h"
#include "services/files/git_names.h"
#include "services/files/git_seed/limits.h"
#include "services/files/git_seed/object_stores.h"
#include "services/files/shared_index.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSharedIndex = "sharedindex.";

/// Without these git would trust more of the objects' directory than the objects.
constexpr const char* kSettings[] = {"core.commitGraph=false",       "core.multiPackIndex=false",
                                     "pack.writeReverseIndex=false", "pack.useBitmaps=false",
                                     "core.untrackedCache=false",    "core.fsmonitor=false",
                                     "core.protectNTFS=true",        "core.protectHFS=true"};

void write_new(const fs::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_EXCL).get(), text);
}

Error too_many_paths(std::string_view of) {
  return failed_precondition(reason::kTooLarge,
                             "{} lists more files than a workspace takes ({}, in {})", of,
                             BorrowedRepository::kMostPaths, human_size(git_limit::kListingBytes));
}

void require_path_of_git(const std::string& path) {
  if (!path.empty() && tree::is_clean_path(path) && !has_git_directory_name(path)) return;
  throw failed_precondition("its index lists '{}', which is no path that git checks out",
                            printable(path.substr(0, 200)));
}

}  // namespace

BorrowedRepository::BorrowedRepository(const source::Repository& source, const fs::path& scratch,
                                       const Work& work)
    : source_(source), git_(scratch, work), work_(work) {
  const fs::path& own = git_.directory();
  fs::create_directory(own / "refs");
  write_new(own / "HEAD", "ref: refs/heads/none\n");
  borrow_objects();
  read_settings();
  if (ids_ == DigestKind::kSha256) {
    write_new(own / "config",
              "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = sha256\n");
  }
  shallow_ =
      source::read_git_file(source.common_directory, "shallow", git_limit::kTextBytes).value_or("");
  if (!shallow_.empty()) write_new(own / "shallow", shallow_);
  copy_index();
}

void BorrowedRepository::borrow_objects() {
  const fs::path& own = git_.directory();
  std::string lenders;
  int number = 0;
  stores_ = object_stores(source_.common_directory / "objects");
  for (const fs::path& store : stores_) {
    const fs::path lent = lend(store, own / "lent" / std::to_string(++number));
    // Quoted: a line break in the path would begin another directory.
    lenders += quote_name_always(lent.string()) + "\n";
  }
  fs::create_directories(own / "objects/info");
  write_new(own / "objects/info/alternates", lenders);
}

Git::Run BorrowedRepository::trusting_little(Git::Run run) const {
  std::vector<std::string> arguments;
  for (const char* setting : kSettings) arguments.insert(arguments.end(), {"-c", setting});
  arguments.insert(arguments.end(), run.arguments.begin(), run.arguments.end());
  run.arguments = std::move(arguments);
  return run;
}

void BorrowedRepository::require_ok(const CommandResult& result) const {
  if (result.status.ok()) return;
  with_context(fmt::format("read the repository of '{}'", printable(source_.work_tree.string())),
               [&result] { check_resources("git", result); });
  throw failed_precondition("git says: {}", git_says(result));
}

std::string BorrowedRepository::run(Git::Run run) const {
  const CommandResult result = git_.run(trusting_little(std::move(run)));
  require_ok(result);
  return std::string(trim(result.output));
}

/// git's list of it, in a file that is at its beginning.
UniqueFd BorrowedRepository::list(std::string_view of, std::vector<std::string> arguments) const {
  auto [result, file] =
      git_.list(trusting_little({.arguments = std::move(arguments), .time = git_limit::kTime}),
                git_limit::kListingBytes);
  if (result.status.wrote_too_much()) throw too_many_paths(of);
  require_ok(result);
  return std::move(file);
}

void BorrowedRepository::read_settings() {
  settings_ = settings_of_repository(source_, git_);
  const std::string format = text_of(settings_, "extensions.objectformat");
  if (format == "sha256") {
    ids_ = DigestKind::kSha256;
  } else if (!format.empty() && format != "sha1") {
    throw failed_precondition("its objects' format '{}' is unknown", printable(format));
  }
}

void BorrowedRepository::set_shallow(std::string lines) {
  shallow_ = std::move(lines);
  const fs::path file = git_.directory() / "shallow";
  fs::remove(file);
  if (!shallow_.empty()) write_new(file, shallow_);
}

void BorrowedRepository::require_ordinary_objects() const {
  files::require_ordinary_objects(stores_, work_);
}

bool BorrowedRepository::succeeds(std::vector<std::string> arguments) const {
  return git_.run(trusting_little({.arguments = std::move(arguments), .time = git_limit::kTime}))
      .status.ok();
}

void BorrowedRepository::copy_index() {
  struct stat info {};
  // Before its bytes: a later index would not tell more of the files.
  if (::lstat((source_.git_directory / "index").c_str(), &info) != 0) return;
  const auto index = source::read_git_file(source_.git_directory, "index", git_limit::kIndexBytes);
  if (!index) return;
  index_mtime_ns_ = nanoseconds_of(info.st_mtim);
  write_new(git_.directory() / "index", *index);
  copy_shared_index(*index);
}

/// The shared index that the index continues, if it is one.
void BorrowedRepository::copy_shared_index(std::string_view index) {
  const UniqueFd directory = open_file(source_.git_directory, O_RDONLY | O_DIRECTORY);
  std::set<std::string> there;
  for (const std::string& name : tree::names_in(directory.get(), "the repository")) {
    if (name.starts_with(kSharedIndex)) there.insert(name);
  }
  if (there.empty()) return;
  for (const auto& name : shared_index_names(index, ids_ == DigestKind::kSha1 ? 20 : 32)) {
    if (!there.contains(name)) continue;
    const auto shared = source::read_git_file(source_.git_directory, name, git_limit::kIndexBytes);
    if (shared) write_new(git_.directory() / name, *shared);
    return;
  }
}

IndexFile BorrowedRepository::read_index() const {
  const fs::path place = git_.directory() / "index";
  if (!fs::exists(place)) return {};
  // git knows every form of an index, and writes this one.
  run({.arguments = {"update-index", "--no-split-index", "--index-version", "2"},
       .time = git_limit::kTime});
  const std::string content =
      read_to_end(open_file(place, O_RDONLY).get(), git_limit::kListingBytes + 1);
  if (content.size() > git_limit::kListingBytes) throw too_many_paths("its index");
  IndexFile index = IndexFile::parse(content, ids_);
  if (index.entries.size() > kMostPaths) throw too_many_paths("its index");
  for (const IndexEntry& entry : index.entries) require_path_of_git(entry.path);
  return index;
}

}  // namespace pyro::files
