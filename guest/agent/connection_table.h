#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/api/agent.h"
#include "common/base/unique_fd.h"

namespace pyro::agent {

/// Who began which connection. A program of the kernel (BPF) sees each packet that leaves a group's
/// cgroups, except over loopback, and keeps the cgroup and port of those that begin something: of
/// TCP the first, of UDP all. So the entry is there before the packet is on its way, and outlives
/// the process. docs/decisions/0063 has the alternatives.
class ConnectionTable {
 public:
  /// For the cgroups (v2) in `group`, itself in the root of its hierarchy. Throws where the kernel
  /// has no such programs.
  explicit ConnectionTable(const std::filesystem::path& group);

  /// A cgroup in the group belongs to that job.
  void name(std::uint64_t cgroup_id, const std::string& job_id);

  /// Those after that time, oldest first.
  std::vector<api::agent::JobConnection> after(std::uint64_t realtime_ns);

 private:
  const std::string* job_of(std::uint64_t cgroup_id) const;

  std::uint64_t boot_time();

  UniqueFd map_;
  UniqueFd program_;
  std::uint64_t boot_time_ = 0;
  std::deque<std::pair<std::uint64_t, std::string>> names_;  ///< the latest ones
};

}  // namespace pyro::agent
