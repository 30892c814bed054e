#pragma once

#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "common/base/unique_fd.h"
#include "tests/support/namespaces.h"

namespace pyro::gate {

/// Sees each packet that comes in at an interface, whatever its protocol, but for what neighbours
/// say to find each other.
class Capture {
 public:
  Capture(const test::NetworkNamespace& where, const std::string& interface);

  /// Each kind once since the last call: `tcp 203.0.113.10:80`, `47 203.0.113.10`.
  std::set<std::string> take();

 private:
  void read(const std::stop_token& stop);

  UniqueFd socket_;
  std::mutex lock_;
  std::set<std::string> seen_;
  std::jthread reader_;
};

}  // namespace pyro::gate
