#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ownership/marker.h"

namespace pyro {

/// Whose a directory beside those of the registry's machines or workspaces is.
enum class Owner {
  kThisRegistry,   ///< without a record it is garbage
  kOtherRegistry,  ///< of a lost registry, or of another state directory
  kNobody,         ///< a killed process had just begun to make it: it holds nothing
  kUnknown,        ///< no marker, or a damaged one, or that of another directory
};

/// The directories of one kind that the records of one registry name, each below `parent` by its
/// id. Each has a marker before it holds anything else. Thread-safe.
class OwnedDirectories {
 public:
  OwnedDirectories(std::filesystem::path parent, std::string kind, std::string registry_id)
      : parent_(std::move(parent)), kind_(std::move(kind)), registry_id_(std::move(registry_id)) {}

  std::filesystem::path path_of(const std::string& id) const { return parent_ / id; }
  const std::filesystem::path& parent() const { return parent_; }

  /// Makes it unless it is there.
  std::filesystem::path make(const std::string& id) const;
  /// One that is there: gives it this registry's marker, which a record that names it proves right:
  /// a directory of pyro 0.2 has none, one of a lost registry has that one's.
  void mark(const std::string& id) const;

  Owner owner_of(const std::filesystem::path& directory) const;
  /// The same by the id, of one that may be missing (kNobody).
  Owner owner_of_id(const std::string& id) const;
  /// Removes it unless it is another registry's or unknown; false: it was left alone.
  bool remove_garbage(const std::filesystem::path& directory) const;

  /// One that no record ever names: made as `prefix-<random>`, and removed with this object.
  class Temporary {
   public:
    Temporary(const OwnedDirectories& directories, std::string_view prefix);
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary();
    const std::string& id() const { return id_; }

   private:
    std::string id_;
    std::filesystem::path path_;
  };

  /// All but this registry's and nobody's, sorted.
  struct Stray {
    std::filesystem::path directory;
    /// Why it is not one of the `former` registries', whose records can be restored.
    std::optional<std::string> obstacle;
  };
  std::vector<Stray> strays(const std::vector<std::string>& former) const;

 private:
  OwnerMarker marker_of(const std::string& id) const;

  std::filesystem::path parent_;
  std::string kind_;
  std::string registry_id_;
};

}  // namespace pyro
