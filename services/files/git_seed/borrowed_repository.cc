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
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "services/files/git_directory_name.h"
#include "services/files/git_names.h"
#include "services/files/git_seed/object_stores.h"
#include "services/files/shared_index.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIndexLimit = 1U << 30U;
constexpr std::size_t kSmallLimit = 16U << 20U;
/// kMostPaths that are of usual length.
constexpr std::size_t kListingLimit = 256U << 20U;
constexpr std::string_view kSharedIndex = "sharedindex.";
/// Objects may be anything, and become a FIFO without a writer.
constexpr std::chrono::minutes kUsualTime(10);
constexpr std::chrono::minutes kPackingTime(60);

/// Without these git would trust more of the objects' directory than the objects.
constexpr const char* kSettings[] = {"core.commitGraph=false",       "core.multiPackIndex=false",
                                     "pack.writeReverseIndex=false", "pack.useBitmaps=false",
                                     "core.protectNTFS=true",        "core.protectHFS=true"};

void write_new(const fs::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_EXCL).get(), text);
}

Error too_many_paths(std::string_view of) {
  return failed_precondition(reason::kTooLarge,
                             "{} lists more files than a workspace takes ({}, in {})", of,
                             BorrowedRepository::kMostPaths, human_size(kListingLimit));
}

/// A line of `ls-files --stage`: `MODE ID STAGE\tPATH`.
IndexEntry entry_of(std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) throw internal_error("git lists an index without paths");
  IndexEntry entry{.path = std::string(line.substr(tab + 1)),
                   .is_submodule = line.starts_with("160000 ")};
  if (entry.path.empty() || !tree::is_clean_path(entry.path) ||
      has_git_directory_name(entry.path)) {
    throw failed_precondition("its index lists '{}', which is no path that git checks out",
                              printable(entry.path));
  }
  return entry;
}

}  // namespace

BorrowedRepository::BorrowedRepository(const source::Repository& source, const fs::path& scratch,
                                       const Work& work)
    : source_(source), git_(scratch, work), work_(work) {
  const fs::path& own = git_.directory();
  fs::create_directory(own / "refs");
  write_new(own / "HEAD", "ref: refs/heads/none\n");
  borrow_objects();
  read_configuration();
  if (object_format_ != "sha1") {
    write_new(own / "config",
              fmt::format("[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = "
                          "{}\n",
                          object_format_));
  }
  shallow_ = source::read_git_file(source.common_directory, "shallow", kSmallLimit).value_or("");
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
  throw failed_precondition("git says: {}", last_words(result));
}

void BorrowedRepository::run(Git::Run run) const {
  require_ok(git_.run(trusting_little(std::move(run))));
}

/// git's list of it, in a file that is at its beginning.
UniqueFd BorrowedRepository::list(std::string_view of, std::vector<std::string> arguments) const {
  auto [result, file] = git_.list(
      trusting_little({.arguments = std::move(arguments), .time = kUsualTime}), kListingLimit);
  if (result.status.wrote_too_much()) throw too_many_paths(of);
  require_ok(result);
  return std::move(file);
}

/// Two facts of it that the seed must share. `git config --file` follows no include and obeys
/// nothing of what it reads.
void BorrowedRepository::read_configuration() {
  const auto text = source::read_git_file(source_.common_directory, "config", kSmallLimit);
  if (!text) return;
  write_new(git_.directory() / "read-only.config", *text);
  const auto value_of = [this](const char* type, const char* name) -> std::string {
    const CommandResult found = git_.run({.arguments = {"config", "--file", "read-only.config",
                                                        "--no-includes", type, "--get", name},
                                          .time = kUsualTime});
    constexpr int kNothingFound = 1;
    if (!found.status.ok() && found.status.code != kNothingFound) {
      throw failed_precondition("its configuration is damaged: {}", last_words(found));
    }
    return std::string(trim(found.output));
  };
  has_file_modes_ = value_of("--type=bool", "core.fileMode") != "false";
  const std::string format = value_of("--no-type", "extensions.objectFormat");
  if (!format.empty()) object_format_ = format;
  if (object_format_ != "sha1" && object_format_ != "sha256") {
    throw failed_precondition("its objects' format '{}' is unknown", printable(object_format_));
  }
}

void BorrowedRepository::copy_index() {
  const auto index = source::read_git_file(source_.git_directory, "index", kIndexLimit);
  if (!index) return;
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
  for (const auto& name : shared_index_names(index, object_format_ == "sha1" ? 20 : 32)) {
    if (!there.contains(name)) continue;
    const auto shared = source::read_git_file(source_.git_directory, name, kIndexLimit);
    if (shared) write_new(git_.directory() / name, *shared);
    return;
  }
}

std::vector<IndexEntry> BorrowedRepository::list_index() const {
  if (!fs::exists(git_.directory() / "index")) return {};
  const UniqueFd listing = list("its index", {"ls-files", "-z", "--stage"});
  const std::string text = read_to_end(listing.get(), kListingLimit);
  if (!text.empty() && !text.ends_with('\0')) throw internal_error("git's list has no end");
  std::vector<IndexEntry> entries;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\0');
    IndexEntry entry = entry_of(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    // The stages of a conflict follow each other.
    if (!entries.empty() && entries.back().path == entry.path) continue;
    if (entries.size() == kMostPaths) throw too_many_paths("its index");
    entries.push_back(std::move(entry));
  }
  return entries;
}

void BorrowedRepository::pack_head(const fs::path& directory) const {
  work_.report("pack_history", "packing the history of HEAD");
  require_ordinary_objects(stores_, work_);
  const UniqueFd wanted = open_file(git_.directory() / "wanted", O_RDWR | O_CREAT | O_TRUNC);
  write_all(wanted.get(), source_.head + "\n");
  if (::lseek(wanted.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
  // Deltas that are there are taken over; to look for better ones takes longer than it gains.
  // git makes a pack among the objects first, and renames it: so these lie in `directory` until
  // then.
  const fs::path objects = directory / "objects";
  fs::create_directory(objects);
  run({.arguments = {"pack-objects", "--revs", "--delta-base-offset", "--window=0",
                     "--compression=1", "--no-use-bitmap-index", "--progress",
                     (directory / "pack").string()},
       .input = wanted.get(),
       .variables = {{"GIT_OBJECT_DIRECTORY", objects.string()},
                     {"GIT_ALTERNATE_OBJECT_DIRECTORIES",
                      quote_name_always((git_.directory() / "objects").string())}},
       .on_error_line =
           [this](std::string_view line) { work_.report("pack_history", printable(line)); },
       .time = kPackingTime});
  fs::remove_all(objects);
  // A few small objects can be a tree without end: it is looked at before it is held in memory.
  list("its HEAD", {"ls-tree", "-r", "-z", "--name-only", source_.head});
  run({.arguments = {"read-tree", source_.head},
       .variables = {{"GIT_INDEX_FILE", (directory / "index").string()}},
       .time = kUsualTime});
}

}  // namespace pyro::files
