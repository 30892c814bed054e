#include "services/files/git_seed/borrowed_repository.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/tree/beneath.h"
#include "common/tree/path.h"
#include "services/files/git_names.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kIndexLimit = 1U << 30U;
constexpr std::size_t kSmallLimit = 16U << 20U;
/// Those of the last weeks lie there; the index names one.
constexpr std::size_t kSharedIndexes = 64;
constexpr std::string_view kSharedIndex = "sharedindex.";

/// What would have git trust more of the objects' directory than the objects.
constexpr const char* kSettings[] = {"core.commitGraph=false",       "core.multiPackIndex=false",
                                     "pack.writeReverseIndex=false", "pack.useBitmaps=false",
                                     "core.protectNTFS=true",        "core.protectHFS=true"};

void write_new(const fs::path& path, std::string_view text) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_EXCL).get(), text);
}

/// A line of `ls-files --stage`: `MODE ID STAGE\tPATH`.
IndexEntry entry_of(std::string_view line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos) throw internal_error("git lists an index without paths");
  IndexEntry entry{.path = std::string(line.substr(tab + 1)),
                   .is_submodule = line.starts_with("160000 ")};
  const auto parts = split(entry.path, '/');
  if (entry.path.empty() || !tree::is_clean_path(entry.path) ||
      std::any_of(parts.begin(), parts.end(), is_git_directory_name)) {
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
  fs::create_directories(own / "objects/info");
  fs::create_directory(own / "refs");
  write_new(own / "HEAD", "ref: refs/heads/none\n");
  // Quoted: a line break in the path would begin another directory.
  write_new(own / "objects/info/alternates",
            quote_name_always((source.common_directory / "objects").string()) + "\n");
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

void BorrowedRepository::run(Git::Run run) const {
  std::vector<std::string> arguments;
  for (const char* setting : kSettings) arguments.insert(arguments.end(), {"-c", setting});
  arguments.insert(arguments.end(), run.arguments.begin(), run.arguments.end());
  run.arguments = std::move(arguments);
  const CommandResult result = git_.run(run);
  if (result.status.ok()) return;
  constexpr std::size_t kLastWords = 600;
  std::string_view said = trim(result.error_output);
  if (said.find("No space left on device") != std::string_view::npos) {
    throw resource_exhausted("git found the disk full while it read '{}'",
                             printable(source_.work_tree.string()));
  }
  if (said.size() > kLastWords) said.remove_prefix(said.size() - kLastWords);
  throw failed_precondition("git says: {}", printable(said));
}

/// Two facts of it that the seed must share. `git config --file` follows no include and obeys
/// nothing of what it reads.
void BorrowedRepository::read_configuration() {
  const auto text = source::read_git_file(source_.common_directory, "config", kSmallLimit);
  if (!text) return;
  write_new(git_.directory() / "read-only.config", *text);
  const CommandResult found =
      git_.run({.arguments = {"config", "--file", "read-only.config", "--no-includes",
                              "--get-regexp", "^(core\\.filemode|extensions\\.objectformat)$"}});
  constexpr int kNothingFound = 1;
  if (!found.status.ok() && found.status.code != kNothingFound) {
    throw failed_precondition("its configuration is damaged: {}",
                              printable(trim(found.error_output)));
  }
  for (const std::string& line : split(found.output, '\n')) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view name = std::string_view(line).substr(0, space);
    const std::string_view value = trim(std::string_view(line).substr(space));
    if (name == "core.filemode") {
      has_file_modes_ = value != "false" && value != "no" && value != "off" && value != "0";
    } else if (name == "extensions.objectformat") {
      object_format_ = value;
    }
  }
  if (object_format_ != "sha1" && object_format_ != "sha256") {
    throw failed_precondition("its objects' format '{}' is unknown", printable(object_format_));
  }
}

void BorrowedRepository::copy_index() {
  const auto index = source::read_git_file(source_.git_directory, "index", kIndexLimit);
  if (!index) return;
  write_new(git_.directory() / "index", *index);
  const UniqueFd directory = open_file(source_.git_directory, O_RDONLY | O_DIRECTORY);
  std::size_t count = 0;
  for (const std::string& name : tree::names_in(directory.get(), "the repository")) {
    if (!name.starts_with(kSharedIndex) || ++count > kSharedIndexes) continue;
    const auto shared = source::read_git_file(source_.git_directory, name, kIndexLimit);
    if (shared) write_new(git_.directory() / name, *shared);
  }
}

std::vector<IndexEntry> BorrowedRepository::list_index() const {
  const fs::path& own = git_.directory();
  if (!fs::exists(own / "index")) return {};
  const UniqueFd listing = open_file(own / "listing", O_RDWR | O_CREAT | O_EXCL);
  run({.arguments = {"ls-files", "-z", "--stage"}, .output = listing.get()});
  if (::lseek(listing.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
  const std::string text = read_to_end(listing.get(), 2 * kIndexLimit);
  std::vector<IndexEntry> entries;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size() - 1);
    IndexEntry entry = entry_of(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    // The stages of a conflict follow each other.
    if (entries.empty() || entries.back().path != entry.path) entries.push_back(std::move(entry));
  }
  return entries;
}

void BorrowedRepository::pack_head(const fs::path& directory) const {
  work_.report("pack_history", "packing the history of HEAD");
  const UniqueFd wanted = open_file(git_.directory() / "wanted", O_RDWR | O_CREAT | O_TRUNC);
  write_all(wanted.get(), source_.head + "\n");
  if (::lseek(wanted.get(), 0, SEEK_SET) != 0) throw system_error("lseek");
  // Deltas that are there are taken over; to look for better ones takes longer than it gains.
  run({.arguments = {"pack-objects", "--revs", "--delta-base-offset", "--window=0",
                     "--compression=1", "--no-use-bitmap-index", "--progress",
                     (directory / "pack").string()},
       .input = wanted.get(),
       .on_error_line = [this](std::string_view line) {
         work_.report("pack_history", printable(line));
       }});
  run({.arguments = {"read-tree", source_.head},
       .variables = {{"GIT_INDEX_FILE", (directory / "index").string()}}});
}

}  // namespace pyro::files
