#include "services/files/git_seed/packed_history.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/digest/sha256.h"
#include "common/fault/fault.h"
#include "common/source/tags.h"
#include "common/tree/write.h"
#include "common/work/work_lock.h"
#include "services/files/git_seed/head_history.h"

namespace pyro::files {
namespace {

namespace fs = std::filesystem;

/// The files of a state beside its packs. All are written before the state gets its name.
constexpr const char* kIndex = "index";
constexpr const char* kShallow = "shallow";
constexpr const char* kTags = "tags";
/// The packs from the lowest on, a line each: `PACK TIP`. A pack adds the history of its tip to
/// those before it; one without a tip holds tags.
constexpr const char* kLayers = "layers";
/// Only where objects are missing: at HEAD, or before it.
constexpr const char* kEndsEarly = "ends-early";
constexpr const char* kLacksObjects = "lacks-objects";

constexpr std::uint64_t kTextLimit = 256U << 20U;
/// A workspace's git looks for an object in each pack.
constexpr std::size_t kMostLayers = 8;
/// So much of a branch may be thrown away (`commit --amend`, a rebase, a change to another branch)
/// before the whole history is packed again.
constexpr int kTopGenerations = 64;

struct Layer {
  std::string pack;
  std::string tip;
};

std::string text_in(const fs::path& place, const char* name) {
  return read_to_end(open_file(place / name, O_RDONLY).get(), kTextLimit);
}

std::vector<Layer> layers_in(const fs::path& place) {
  std::vector<Layer> layers;
  for (const std::string& line : split(text_in(place, kLayers), '\n')) {
    const std::size_t space = line.find(' ');
    if (space != std::string::npos) {
      layers.push_back({line.substr(0, space), line.substr(space + 1)});
    }
  }
  return layers;
}

/// nullopt: it is not there, or not whole.
std::optional<PackedHistory> open_history(const fs::path& place) try {
  PackedHistory history{.index = open_file(place / kIndex, O_RDONLY),
                        .shallow = text_in(place, kShallow),
                        .tags = text_in(place, kTags),
                        .ends_early = fs::exists(place / kEndsEarly),
                        .lacks_objects = fs::exists(place / kLacksObjects)};
  for (const Layer& layer : layers_in(place)) {
    history.packs.push_back({layer.pack, open_file(place / (layer.pack + ".pack"), O_RDONLY),
                             open_file(place / (layer.pack + ".idx"), O_RDONLY)});
  }
  return history;
} catch (const Error& error) {
  if (error.code() != ErrorCode::kNotFound) throw;
  return std::nullopt;
}

/// All but `kept`: what killed ones began, and earlier states.
void remove_others(const fs::path& place, const std::string& kept) {
  const UniqueFd opened = open_file(place, O_PATH | O_DIRECTORY);
  for (const auto& entry : fs::directory_iterator(place)) {
    const std::string name = entry.path().filename().string();
    if (name != kept) tree::remove_tree(opened.get(), name);
  }
}

/// Sources whose history is kept; of more the least recently seeded go.
constexpr std::size_t kKeptSources = 32;

/// A reader of one has its files open. One under packing is locked, and remains.
void forget_old_sources(const fs::path& directory) {
  const UniqueFd opened = open_file(directory, O_PATH | O_DIRECTORY);
  for (const fs::path& source : directories_beyond_the_latest(directory, kKeptSources)) {
    const std::string name = source.filename().string();
    if (const auto lock = WorkLock::attempt(directory / (name + ".lock"))) {
      tree::remove_tree(opened.get(), name);
    }
  }
}

/// The state that is there, unless it is none that one can add to.
std::optional<fs::path> last_state(const fs::path& place, const std::string& shallow) {
  for (const auto& entry : fs::directory_iterator(place)) {
    const auto history = open_history(entry.path());
    if (history && !history->ends_early && history->shallow == shallow) return entry.path();
  }
  return std::nullopt;
}

/// Makes the files of a state in a directory.
class NewState {
 public:
  NewState(BorrowedRepository& repository, fs::path directory)
      : repository_(repository), history_(repository), directory_(std::move(directory)) {}

  void make(const std::optional<fs::path>& last) {
    try {
      add_layers(last);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kFailedPrecondition ||
          !history_.end_where_objects_are_missing()) {
        throw;
      }
      pack_what_is_there();
    }
    history_.write_index(directory_ / kIndex);
    const std::string tags = history_.tags();
    add(history_.pack_tags(tags, directory_), "");
    std::string lines;
    for (const Layer& layer : layers_) lines += fmt::format("{} {}\n", layer.pack, layer.tip);
    put(kLayers, lines);
    put(kTags, tags);
    put(kShallow, repository_.shallow());
  }

 private:
  void put(const char* name, std::string_view text) {
    write_all(open_file(directory_ / name, O_WRONLY | O_CREAT | O_TRUNC).get(), text);
  }

  void add(const std::string& pack, const std::string& tip) {
    if (!pack.empty()) layers_.push_back({pack, tip});
  }

  void pack(const HeadHistory::Part& part) { add(history_.pack(part, directory_), part.of); }

  std::uint64_t bytes_of(const fs::path& state, const Layer& layer) const {
    return fs::file_size(state / (layer.pack + ".pack"));
  }

  /// Takes over those layers of the last state that HEAD's history begins with.
  void take_over(const fs::path& last) {
    std::vector<Layer> layers = layers_in(last);
    std::erase_if(layers, [](const Layer& layer) { return layer.tip.empty(); });
    while (!layers.empty() && !history_.contains(layers.back().tip)) layers.pop_back();
    if (layers.size() >= kMostLayers) {
      std::uint64_t above = 0;
      for (std::size_t i = 1; i < layers.size(); ++i) above += bytes_of(last, layers[i]);
      layers.resize(above * 2 < bytes_of(last, layers.front()) ? 1 : 0);
    }
    for (const Layer& layer : layers) {
      for (const char* extension : {".pack", ".idx"}) {
        fs::create_hard_link(last / (layer.pack + extension),
                             directory_ / (layer.pack + extension));
      }
    }
    layers_ = std::move(layers);
  }

  void add_layers(const std::optional<fs::path>& last) {
    if (last) take_over(*last);
    if (layers_.empty()) {
      if (const auto base = history_.ancestor(kTopGenerations)) pack({.of = *base});
    }
    pack({.of = history_.head(), .without = layers_.empty() ? "" : layers_.back().tip});
  }

  void pack_what_is_there() {
    for (const auto& entry : fs::directory_iterator(directory_)) fs::remove_all(entry.path());
    layers_.clear();
    pack({.of = history_.head()});
    put(kEndsEarly, "");
    if (history_.lacks_objects()) put(kLacksObjects, "");
  }

  BorrowedRepository& repository_;
  HeadHistory history_;
  fs::path directory_;
  std::vector<Layer> layers_;
};

std::string state_of(const BorrowedRepository& repository) {
  std::string facts = fmt::format("layers\n{}\n{}", repository.source().head, repository.shallow());
  for (const auto& [name, id] : source::tags_of(repository.source())) {
    facts += fmt::format("\n{} {}", id, name);
  }
  return sha256_of_text(facts);
}

}  // namespace

PackedHistory packed_history(const GitSeedPlaces& places, BorrowedRepository& repository) {
  const Work& work = repository.work();
  const fs::path& directory = places.histories;
  make_private_directory(directory);
  const std::string source = sha256_of_text(
      (places.source.empty() ? repository.source().git_directory : places.source).string());
  const WorkLock lock =
      WorkLock::acquire(directory / (source + ".lock"), "another seed of the same project", work);
  const fs::path place = directory / source;
  make_private_directory(place);  // locked, or it could be forgotten before it is used
  const std::string state = state_of(repository);
  std::error_code untouched;  // it may be forgotten a little early
  fs::last_write_time(place, fs::file_time_type::clock::now(), untouched);
  if (auto history = open_history(place / state)) return std::move(*history);
  repository.require_ordinary_objects();
  forget_old_sources(directory);
  const auto last = last_state(place, repository.shallow());
  remove_others(place, last ? last->filename().string() : "");
  TemporaryDirectory made(place, "new");
  NewState(repository, made.path()).make(last);
  fault::point("files.history.packed");
  for (const auto& entry : fs::directory_iterator(made.path())) sync_path(entry.path());
  sync_path(made.path());
  fs::rename(made.path(), place / state);
  made.release();
  fault::point("files.history.in_place");
  remove_others(place, state);
  return open_history(place / state).value();
}

}  // namespace pyro::files
