#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/disks.h"
#include "services/files/volume/guest_disk.h"

namespace pyro::files {

/// The guest's file system put together from its disks, as the agent's boot mounts them: the
/// directory upper of the system disk over the environment's image, as an overlay, and the
/// volume's tree at /workspace. What a guest mounts besides is in memory and on none of them:
/// /proc, /sys, /dev and /run are as the disks hold them, without pyro's own names in /run.
/// Opens a disk when it is first needed. Errors as GuestDisk; see there for where to use it.
class GuestRoot {
 public:
  explicit GuestRoot(const api::DiskPaths& paths) : paths_(paths) {}

  /// A place in the guest's file system.
  struct Place {
    volume::DiskNode node{};
    const volume::GuestDisk* disk = nullptr;
    /// Of a directory whose names mix with those of one in the environment.
    std::optional<volume::DiskNode> below{};
    /// From the root on, without links; "" is the root.
    std::string path{};
  };

  /// The image of the environment is not there.
  struct NoEnvironment {};

  /// By a clean path; "" is the root. Follows the links on the way, not one at its end.
  std::optional<Place> find(std::string_view path);

  struct Named {
    std::string name;
    Place place;
  };
  /// What is in a directory, sorted by the bytes of the names.
  /// `most`: nullopt when it holds more names.
  std::optional<std::vector<Named>> list(const Place& directory, std::size_t most);

 private:
  Place root();
  std::optional<Place> workspace();
  std::optional<Place> child(const Place& directory, std::string_view name);
  Place merged(const Place& directory, std::string_view name,
               const std::optional<volume::DiskNode>& upper,
               const std::optional<volume::DiskNode>& lower);
  const volume::GuestDisk& environment();
  const volume::GuestDisk& system();

  api::DiskPaths paths_;
  std::unique_ptr<volume::GuestDisk> environment_;
  std::unique_ptr<volume::GuestDisk> system_;
  std::unique_ptr<volume::GuestDisk> workspace_;
};

}  // namespace pyro::files
