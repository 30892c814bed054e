#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/api/job_state.h"

namespace pyro::agent {

/// How much room a disk of the guest has.
struct DiskRoom {
  std::uint64_t size_bytes = 0;
  std::uint64_t free_bytes = 0;
  std::uint64_t free_files = 1;

  bool full() const { return free_files == 0 || free_bytes < size_bytes / 50; }
};

/// The room of the file system that `fd` is in.
DiskRoom room_of(int fd);

/// What a failed command printed last, and how its machine was then.
struct Symptoms {
  std::string_view printed;
  DiskRoom system_disk;
  DiskRoom workspace;
  bool has_network = false;
  std::uint64_t process_limit = 0;  ///< that its processes reached; 0: none
};

struct Diagnosis {
  api::LikelyCause cause;
  std::string advice;  ///< one line
};

/// Why it failed, where its last output says so and the machine does not belie it.
std::optional<Diagnosis> diagnose(const Symptoms& symptoms);

/// Whether a network interface of this machine beside loopback is up.
bool has_network();

}  // namespace pyro::agent
