#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Pyro deletes in directories that it made, and in no other: each says so by a file.
namespace pyro {

/// The content of the file by which a directory is pyro's.
struct OwnerMarker {
  static constexpr const char* kFileName = ".pyro-owner";

  std::vector<std::string> kinds;
  std::string registry_id;
  std::string id;
  std::vector<std::string> former_registry_ids;
  std::string version = PYRO_VERSION;

  template <class Fields>
  static void describe(Fields& f) {
    f("kinds", &OwnerMarker::kinds,
      "state, cache, environments or runtime, or several of these; machine or workspace; scratch.");
    f("registry_id", &OwnerMarker::registry_id, "The registry whose records name it.");
    f("id", &OwnerMarker::id, "Of a machine or workspace: its id.");
    f("former_registry_ids", &OwnerMarker::former_registry_ids,
      "Of the state directory: registries that were lost.");
    f("version", &OwnerMarker::version, "The pyro that wrote it.");
  }

  bool has_kind(std::string_view kind) const;
};

/// nullopt: there is none. foreign_directory: it is no marker.
std::optional<OwnerMarker> read_marker(const std::filesystem::path& directory);

/// Replaces it as a whole, without waiting for the disk.
void write_marker(const std::filesystem::path& directory, const OwnerMarker& marker);

/// What a directory holds beside its marker, and beside what a killed writer of that left.
std::vector<std::filesystem::path> entries_beside_marker(const std::filesystem::path& directory);

/// A directory itself, and no link to one.
bool is_real_directory(const std::filesystem::path& path);

/// Removes the directory with all its content. The marker goes last, so that the rest of a killed
/// removal still has it.
void remove_marked_directory(const std::filesystem::path& directory, std::error_code& failed);
void remove_marked_directory(const std::filesystem::path& directory);

}  // namespace pyro
