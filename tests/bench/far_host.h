#pragma once

#include <cstdint>
#include <functional>

#include "common/base/unique_fd.h"
#include "tests/bench/part.h"
#include "tests/support/namespaces.h"

namespace pyro::bench {

/// Measures in a child process, which may enter namespaces that end with it.
void measure_apart(const Adder& add, const std::function<void(const Adder&)>& measure);

/// A host and a server away from it, each in a network namespace of its own; this thread is on the
/// host from then on. The server does what the first byte of a connection says: K sink, S source,
/// P ping-pong. Before the process's first other thread.
class FarHost {
 public:
  static constexpr const char* kAddress = "198.51.100.10";
  static constexpr std::uint16_t kPort = 7000;

  FarHost();
  const test::NetworkNamespace& host() const { return host_; }

 private:
  test::NetworkNamespace host_;
  test::NetworkNamespace far_;
  UniqueFd listener_;
};

}  // namespace pyro::bench
