#include "common/ownership/claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"
#include "common/ownership/marker.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kChosenKinds = {"state", "cache", "environments",
                                                          "runtime"};

/// The directory itself is the lock: before it is known to be pyro's, nothing is written into it.
UniqueFd lock_directory(const fs::path& directory) {
  UniqueFd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw system_error(fmt::format("flock '{}'", directory.string()));
  }
  return fd;
}

using Test = std::function<bool(const fs::path&)>;

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_digest(const fs::path& path) { return is_hex(path.filename().string(), 64); }

bool is_leftover(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(".building") || name.starts_with(".deleting") ||
         name.starts_with("making.");
}

/// A real directory each of whose entries passes.
Test directory_of(Test test) {
  return [test = std::move(test)](const fs::path& path) {
    if (!is_real_directory(path)) return false;
    const auto entries = entries_beside_marker(path);
    return std::all_of(entries.begin(), entries.end(), test);
  };
}

/// A file with one of the endings, or what a killed writer of one left.
Test file_with(std::vector<std::string_view> endings) {
  return [endings = std::move(endings)](const fs::path& path) {
    std::error_code none;
    if (!fs::is_regular_file(fs::symlink_status(path, none))) return false;
    std::string name = path.filename().string();
    name = name.substr(0, name.find(".tmp-"));
    return std::any_of(endings.begin(), endings.end(),
                       [&name](std::string_view ending) { return name.ends_with(ending); });
  };
}

bool is_socket_or_lock(const fs::path& path) {
  std::error_code none;
  return fs::is_socket(fs::symlink_status(path, none)) || file_with({".lock"})(path);
}

bool is_digest_or_lock(const fs::path& path) {
  return is_digest(path) || (path.extension() == ".lock" && is_digest(path.stem()));
}

bool is_store_entry(const fs::path& path) {
  return is_real_directory(path) &&
         (is_digest(path) || is_leftover(path) || path.filename() == "locks");
}

bool is_log(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".stderr") || name.find(".log") != std::string::npos;
}

bool is_nothing(const fs::path&) { return false; }

/// What versions before the marker made, by its name. Directories that a collection deletes from
/// hold nothing here that it would not have deleted then.
const std::map<std::string, Test>& earlier_names() {
  static const std::map<std::string, Test> names = {
      // Of the cache.
      {"environments", directory_of([](const fs::path& path) {
         return is_store_entry(path) ||
                (path.filename() == "references" && directory_of(file_with({".json"}))(path));
       })},
      {"references", directory_of(file_with({".json"}))},
      {"locks", directory_of(file_with({".lock"}))},
      {"kernels", directory_of(is_store_entry)},
      {"templates", directory_of(is_store_entry)},
      {"initramfs", directory_of([](const fs::path& path) {
         return is_leftover(path) || file_with({".cpio"})(path);
       })},
      {"prepared", directory_of(file_with({".json"}))},
      {"disks", directory_of([](const fs::path& path) {
         return is_leftover(path) || path.filename() == "lock" || file_with({".ext4"})(path);
       })},
      {"sources", directory_of([](const fs::path& path) {
         return (path.filename() == "clones" || path.filename() == "packs") &&
                directory_of(is_digest_or_lock)(path);
       })},
      // Of the runtime directory, and a state directory that never held anything.
      {"bus", directory_of(is_socket_or_lock)},
      {"machines", directory_of(is_socket_or_lock)},
      {"streams", directory_of(is_socket_or_lock)},
      {"start.lock", file_with({".lock"})},
      {"supervisor.lock", file_with({".lock"})},
      {"logs", directory_of(is_log)},
      {"workspaces", directory_of(is_nothing)},
      {"exports", directory_of(is_nothing)},
      {"files-scratch", directory_of(is_nothing)},
  };
  return names;
}

bool is_earlier(const fs::path& path) {
  const auto& names = earlier_names();
  const auto known = names.find(path.filename().string());
  if (known != names.end()) return known->second(path);
  return is_real_directory(path) && (is_digest(path) || is_leftover(path));
}

/// Whether the file's beginning holds the schema of a registry. Read without SQLite,
/// which would write into a directory that may be anybody's.
bool holds_schema(const fs::path& file, std::string_view magic) {
  constexpr std::uint64_t kLooked = 1U << 20U;
  constexpr std::string_view kFirstTable =
      "CREATE TABLE machines (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID";
  std::error_code none;
  if (!fs::is_regular_file(fs::symlink_status(file, none))) return false;
  const std::string text = read_to_end(open_file(file, O_RDONLY).get(), kLooked);
  return text.starts_with(magic) && text.find(kFirstTable) != std::string::npos;
}

/// A registry whose process was killed early is in its write-ahead log still.
bool holds_registry(const fs::path& directory) {
  return holds_schema(directory / "registry.db", "SQLite format 3") ||
         holds_schema(directory / "registry.db-wal", "\x37\x7f\x06");
}

bool contains(const fs::path& directory, const fs::path& inner) {
  const auto relative = inner.lexically_normal().lexically_relative(directory.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

/// The first entry that pyro did not make, or nullopt.
std::optional<fs::path> find_foreign(const ChosenDirectory& directory,
                                     const std::vector<ChosenDirectory>& others) {
  if (directory.kind == "state" && holds_registry(directory.path)) return std::nullopt;
  for (const auto& entry : entries_beside_marker(directory.path)) {
    const bool leads_to_other =
        std::any_of(others.begin(), others.end(),
                    [&entry](const auto& other) { return contains(entry, other.path); });
    if (!leads_to_other && !is_earlier(entry)) return entry;
  }
  return std::nullopt;
}

bool is_chosen(const OwnerMarker& marker) {
  return std::any_of(kChosenKinds.begin(), kChosenKinds.end(),
                     [&marker](std::string_view kind) { return marker.has_kind(kind); });
}

void write_lasting(const fs::path& directory, const OwnerMarker& marker) {
  write_marker(directory, marker);
  sync_path(directory / OwnerMarker::kFileName);
  sync_path(directory);
}

Error foreign(const ChosenDirectory& directory, const fs::path& entry) {
  return failed_precondition(
      reason::kForeignDirectory,
      "directory '{}' holds '{}', which is not pyro's, so it cannot be the {} directory: choose "
      "another one, or an empty one ({})",
      directory.path.string(), entry.filename().string(), directory.kind, directory.way);
}

}  // namespace

void claim_directory(const ChosenDirectory& directory, const std::vector<ChosenDirectory>& others) {
  make_private_directory(directory.path);
  // The usual case takes no lock: a marker is whole, and is never taken away.
  if (const auto marker = read_marker(directory.path); marker && marker->has_kind(directory.kind)) {
    return;
  }
  const UniqueFd lock = lock_directory(directory.path);
  auto marker = read_marker(directory.path);
  if (marker && !is_chosen(*marker)) {
    throw foreign(directory, directory.path / OwnerMarker::kFileName);
  }
  if (!marker) {
    if (const auto entry = find_foreign(directory, others)) throw foreign(directory, *entry);
    marker.emplace();
  }
  if (marker->has_kind(directory.kind)) return;
  marker->kinds.emplace_back(directory.kind);
  write_lasting(directory.path, *marker);
}

void name_registry(const fs::path& state_dir, const std::string& registry_id) {
  const UniqueFd lock = lock_directory(state_dir);
  OwnerMarker marker = read_marker(state_dir).value_or(OwnerMarker{.kinds = {"state"}});
  if (marker.registry_id == registry_id) return;
  auto& former = marker.former_registry_ids;
  if (!marker.registry_id.empty()) former.push_back(marker.registry_id);
  std::erase(former, registry_id);  // it was brought back from a copy
  marker.registry_id = registry_id;
  write_lasting(state_dir, marker);
}

std::vector<std::string> former_registries(const fs::path& state_dir) {
  const auto marker = read_marker(state_dir);
  return marker ? marker->former_registry_ids : std::vector<std::string>{};
}

}  // namespace pyro
