#include "services/files/git_seed/head_history.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <set>
#include <vector>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/source/tags.h"
#include "services/files/git_names.h"
#include "services/files/git_seed/limits.h"
#include "services/files/scratch_file.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string HeadHistory::tags() const {
  const auto all = source::tags_of(repository_.source());
  if (all.empty()) return "";
  std::string packed = "# pack-refs with: sorted \n";
  for (const auto& [name, id] : all) packed += fmt::format("{} {}\n", id, name);
  const fs::path file = repository_.git().directory() / "packed-refs";
  write_scratch_file(file, packed);
  // It leaves out what is missing or is no commit's.
  const UniqueFd kept = repository_.list(
      "its tags",
      {"for-each-ref", "--merged=" + head(), "--format=%(objectname) %(refname)", "refs/tags/"});
  std::string lines = read_to_end(kept.get(), git_limit::kListingBytes);
  fs::remove(file);
  return lines;
}

bool HeadHistory::contains(const std::string& commit) const {
  return repository_.succeeds({"merge-base", "--is-ancestor", commit, head()});
}

std::optional<std::string> HeadHistory::ancestor(int generations) const {
  std::string id = repository_.run({.arguments = {"rev-list", "--first-parent", "--max-count=1",
                                                  fmt::format("--skip={}", generations), head()},
                                    .time = git_limit::kTime});
  if (id.empty()) return std::nullopt;
  return id;
}

std::string HeadHistory::pack_objects(std::string_view wanted, const fs::path& directory) const {
  const Work& work = repository_.work();
  const UniqueFd input = open_scratch_file(repository_.git().directory() / "wanted", wanted);
  fs::remove(repository_.git().directory() / "wanted");
  // git makes a pack among the objects first, and renames it: so these lie in `directory` until
  // then.
  const fs::path objects = directory / "objects";
  fs::create_directory(objects);
  // Deltas that are there are taken over; to look for better ones takes longer than it gains.
  Git::Run run{
      .arguments = {"pack-objects", "--revs", "--non-empty", "--delta-base-offset", "--window=0",
                    "--compression=1", "--no-use-bitmap-index", "--progress"},
      .input = input.get(),
      .variables = {{"GIT_OBJECT_DIRECTORY", objects.string()},
                    {"GIT_ALTERNATE_OBJECT_DIRECTORIES",
                     quote_name_always((repository_.git().directory() / "objects").string())}},
      .on_error_line =
          [&work](std::string_view line) { work.report("pack_history", printable(line)); },
      .time = git_limit::kPackingTime};
  if (lacks_objects_) run.arguments.emplace_back("--missing=allow-any");
  run.arguments.push_back((directory / "pack").string());
  const std::string hash = repository_.run(std::move(run));
  fs::remove_all(objects);
  return hash.empty() ? "" : "pack-" + hash;
}

std::string HeadHistory::pack(const Part& part, const fs::path& directory) const {
  repository_.work().report("pack_history", "packing the history of HEAD");
  std::string wanted = part.of + "\n";
  if (!part.without.empty()) wanted += "^" + part.without + "\n";
  return pack_objects(wanted, directory);
}

std::string HeadHistory::pack_tags(std::string_view tags, const fs::path& directory) const {
  std::string wanted;
  for (const std::string& line : split(tags, '\n')) {
    if (!line.empty()) wanted += line.substr(0, line.find(' ')) + "\n";
  }
  if (wanted.empty()) return "";
  return pack_objects(wanted + "^" + head() + "\n", directory);
}

void HeadHistory::write_index(const fs::path& file) const {
  // A few small objects can be a tree without end: it is looked at before it is held in memory.
  repository_.list("its HEAD", {"ls-tree", "-r", "-z", "--name-only", head()});
  repository_.run({.arguments = {"read-tree", head()},
                   .variables = {{"GIT_INDEX_FILE", file.string()}},
                   .time = git_limit::kTime});
}

/// Whether no object of the first commits is missing.
bool HeadHistory::is_whole(std::size_t commits) const {
  const UniqueFd listing =
      repository_.list("its history", {"rev-list", "--objects", "--missing=print", "--topo-order",
                                       fmt::format("--max-count={}", commits), head()});
  const std::string text = read_to_end(listing.get(), git_limit::kListingBytes);
  return !text.starts_with('?') && text.find("\n?") == std::string::npos;
}

/// Keeps the first commits.
void HeadHistory::end_above(std::size_t commits) {
  const UniqueFd listing = repository_.list(
      "its history",
      {"rev-list", "--topo-order", "--parents", fmt::format("--max-count={}", commits), head()});
  const auto lines = split(read_to_end(listing.get(), git_limit::kListingBytes), '\n');
  std::set<std::string> kept;
  for (const auto& line : lines) kept.insert(line.substr(0, line.find(' ')));
  std::string shallow = repository_.shallow();
  for (const auto& line : lines) {
    const auto ids = split(line, ' ');
    const bool is_cut =
        std::any_of(ids.begin(), ids.end(), [&](const auto& id) { return !kept.contains(id); });
    if (is_cut) shallow += ids.front() + "\n";
  }
  repository_.set_shallow(std::move(shallow));
}

bool HeadHistory::end_where_objects_are_missing() {
  std::size_t whole = 1;
  if (!is_whole(whole)) {
    lacks_objects_ = true;
    end_above(whole);
    return true;
  }
  std::size_t all = 0;
  const std::string count =
      repository_.run({.arguments = {"rev-list", "--count", head()}, .time = git_limit::kTime});
  std::from_chars(count.data(), count.data() + count.size(), all);
  std::size_t broken = 2;
  for (; broken < all && is_whole(broken); broken *= 2) whole = broken;
  if (broken >= all) {
    if (is_whole(all)) return false;
    broken = all;
  }
  while (broken - whole > 1) {
    const std::size_t middle = whole + (broken - whole) / 2;
    (is_whole(middle) ? whole : broken) = middle;
  }
  end_above(whole);
  return true;
}

}  // namespace pyro::files
