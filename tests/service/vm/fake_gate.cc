// A gate that reaches nothing, for tests of its shim: `pyro-net-gate DIRECTORY` speaks the protocol
// (common/network/gate_protocol.h) and passes a pipe for its tap. It appends the text of each
// policy that it is given to FAKE_GATE_DIRECTORY/policies and its pid to …/pids. While there is a
// file …/refuse it refuses each order, and …/untried lets its trial fail.

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/api/json_codec.h"
#include "common/network/gate_protocol.h"
#include "common/network/policy.h"

namespace {

using pyro::network::GateEvent;
using pyro::network::GateReport;

GateReport failure(GateEvent event) {
  return {.event = event, .reason = "no_tun", .message = "there is no /dev/net/tun: load tun"};
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path directory = std::getenv("FAKE_GATE_DIRECTORY");
  if (argc == 2 && argv[1] == pyro::network::kTryGateWord) {
    const bool works = !std::filesystem::exists(directory / "untried");
    fmt::print("{}\n", pyro::api::to_json_text(works ? GateReport{.event = GateEvent::kReady}
                                                     : failure(GateEvent::kFailed)));
    return 0;
  }
  std::ofstream(directory / "pids", std::ios::app) << ::getpid() << std::endl;
  int ends[2];
  if (::pipe(ends) != 0) return 1;
  bool ready = false;
  while (const auto order = pyro::network::receive_order(pyro::network::kGateSocket)) {
    if (std::filesystem::exists(directory / "refuse")) {
      pyro::network::send_report(pyro::network::kGateSocket,
                                 failure(ready ? GateEvent::kPolicyRefused : GateEvent::kFailed));
      if (!ready) return 1;
      continue;
    }
    std::ofstream(directory / "policies", std::ios::app)
        << pyro::network::text_of(order->order.policy) << std::endl;
    const GateReport report{.event = ready ? GateEvent::kPolicySet : GateEvent::kReady,
                            .digest = pyro::network::digest_of(order->order.policy)};
    pyro::network::send_report(pyro::network::kGateSocket, report, ready ? -1 : ends[0]);
    ready = true;
  }
}
