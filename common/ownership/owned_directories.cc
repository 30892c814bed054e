#include "common/ownership/owned_directories.h"

#include <fmt/core.h>

#include <algorithm>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

/// As random_hex and new_id make them, perhaps with `standby-` before that.
bool looks_like_id(std::string_view name) {
  name.remove_prefix(name.rfind('-') + 1);
  return (name.size() == 8 || name.size() == 12) &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Its marker when that is its own: a copy of a directory under another name is not pyro's.
std::optional<OwnerMarker> own_marker(const fs::path& directory, const std::string& kind) {
  if (!is_real_directory(directory)) return std::nullopt;
  try {
    auto marker = read_marker(directory);
    if (!marker || !marker->has_kind(kind)) return std::nullopt;
    if (marker->id != directory.filename().string()) return std::nullopt;
    return marker;
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool holds_nothing(const fs::path& directory) {
  std::error_code none;
  return is_real_directory(directory) && looks_like_id(directory.filename().string()) &&
         !fs::exists(fs::symlink_status(directory / OwnerMarker::kFileName, none)) &&
         entries_beside_marker(directory).empty();
}

}  // namespace

OwnerMarker OwnedDirectories::marker_of(const std::string& id) const {
  return {.kinds = {kind_}, .registry_id = registry_id_, .id = id};
}

fs::path OwnedDirectories::make(const std::string& id) const {
  make_private_directory(path_of(id));
  mark(id);
  return path_of(id);
}

void OwnedDirectories::mark(const std::string& id) const {
  const fs::path directory = path_of(id);
  if (!is_real_directory(directory) || owner_of(directory) == Owner::kThisRegistry) return;
  write_marker(directory, marker_of(id));
}

Owner OwnedDirectories::owner_of(const fs::path& directory) const {
  if (const auto marker = own_marker(directory, kind_)) {
    return marker->registry_id == registry_id_ ? Owner::kThisRegistry : Owner::kOtherRegistry;
  }
  return holds_nothing(directory) ? Owner::kNobody : Owner::kUnknown;
}

Owner OwnedDirectories::owner_of_id(const std::string& id) const {
  std::error_code none;
  const fs::path directory = path_of(id);
  return fs::exists(fs::symlink_status(directory, none)) ? owner_of(directory) : Owner::kNobody;
}

bool OwnedDirectories::remove_garbage(const fs::path& directory) const {
  const Owner owner = owner_of(directory);
  if (owner == Owner::kOtherRegistry || owner == Owner::kUnknown) return false;
  remove_marked_directory(directory);
  return true;
}

OwnedDirectories::Temporary::Temporary(const OwnedDirectories& directories, std::string_view prefix)
    : id_(fmt::format("{}-{}", prefix, random_hex(4))), path_(directories.make(id_)) {}

OwnedDirectories::Temporary::~Temporary() {
  std::error_code ignored;
  remove_marked_directory(path_, ignored);
}

std::vector<OwnedDirectories::Stray> OwnedDirectories::strays(
    const std::vector<std::string>& former) const {
  std::vector<Stray> found;
  for (const auto& entry : fs::directory_iterator(parent_)) {
    const Owner owner = owner_of(entry.path());
    if (owner == Owner::kThisRegistry || owner == Owner::kNobody) continue;
    Stray stray{.directory = entry.path()};
    const auto marker = own_marker(entry.path(), kind_);
    if (!marker) {
      stray.obstacle = fmt::format("it has no {} of its own", OwnerMarker::kFileName);
    } else if (std::find(former.begin(), former.end(), marker->registry_id) == former.end()) {
      stray.obstacle = "it belongs to another state directory";
    }
    found.push_back(std::move(stray));
  }
  std::sort(found.begin(), found.end(),
            [](const Stray& a, const Stray& b) { return a.directory < b.directory; });
  return found;
}

}  // namespace pyro
