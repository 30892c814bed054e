#include "common/ownership/marker.h"

#include <algorithm>
#include <system_error>

#include "common/api/json_codec.h"
#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/stack.h"

namespace pyro {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostMarkerBytes = 64U << 10U;

bool is_marker_file(const fs::path& path) {
  const std::string name = path.filename().string();
  return name == OwnerMarker::kFileName ||
         name.starts_with(std::string(OwnerMarker::kFileName) + ".tmp-");
}

}  // namespace

bool OwnerMarker::has_kind(std::string_view kind) const {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

std::optional<OwnerMarker> read_marker(const fs::path& directory) {
  const fs::path file = directory / OwnerMarker::kFileName;
  std::error_code none;
  const auto status = fs::symlink_status(file, none);
  if (!fs::exists(status)) return std::nullopt;
  try {
    if (!fs::is_regular_file(status)) throw invalid_argument("it is no file");
    return api::from_json_text<OwnerMarker>(read_file(file, kMostMarkerBytes),
                                            api::UnknownFields::kIgnore, file.string());
  } catch (const Error&) {
    throw failed_precondition(
        reason::kForeignDirectory,
        "'{}' is damaged, so that nothing shows whether directory '{}' is pyro's: choose another "
        "directory, or delete that file if this one is",
        file.string(), directory.string());
  }
}

void write_marker(const fs::path& directory, const OwnerMarker& marker) {
  replace_file(directory / OwnerMarker::kFileName, api::to_json_text(marker, 2) + "\n");
}

std::vector<fs::path> entries_beside_marker(const fs::path& directory) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!is_marker_file(entry.path())) found.push_back(entry.path());
  }
  return found;
}

bool is_real_directory(const fs::path& path) {
  std::error_code none;
  return fs::is_directory(fs::symlink_status(path, none));
}

void remove_marked_directory(const fs::path& directory, std::error_code& failed) {
  failed.clear();
  if (!is_real_directory(directory)) return;
  for (fs::directory_iterator it(directory, failed), end; !failed && it != end;
       it.increment(failed)) {
    if (!is_marker_file(it->path())) fs::remove_all(it->path(), failed);
    if (failed) return;
  }
  if (!failed) fs::remove_all(directory, failed);
}

void remove_marked_directory(const fs::path& directory) {
  std::error_code failed;
  remove_marked_directory(directory, failed);
  if (failed) throw fs::filesystem_error("remove", directory, failed);
}

}  // namespace pyro

PYRO_TABLE(pyro::OwnerMarker)
