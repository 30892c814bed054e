#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/api/agent.h"
#include "common/network/connection_log.h"

namespace pyro::network {

/// Finds the job behind a line of the log, by the port that it came from. A port is used again and
/// again: of its users the one counts that was nearest in time.
class ConnectionOwners {
 public:
  explicit ConnectionOwners(const std::vector<api::agent::JobConnection>& connections);

  /// Null: nobody knows.
  const std::string* of(const LogLine& line) const;

 private:
  struct Use {
    double time;
    std::string job_id;
  };
  using Port = std::pair<bool, std::uint32_t>;  ///< TCP or not, and its number

  std::map<Port, std::vector<Use>> uses_;
};

}  // namespace pyro::network
