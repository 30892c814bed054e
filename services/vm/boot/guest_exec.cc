#include "services/vm/boot/guest_exec.h"

#include "common/base/random.h"
#include "common/link/agent_client.h"

namespace pyro::vm {
namespace {

/// Time for the agent beyond a command's own, to end it and say so.
constexpr std::chrono::seconds kGrace{15};

}  // namespace

api::agent::Job exec_in_guest(const MachinePaths& paths, const GuestCommand& what,
                              const OutputSink& output, const Work& work) {
  auto agent =
      link::AgentConnection::dial(paths.link_socket, api::agent::kPort, work.within(kGrace));
  const api::agent::StartJob request{
      .job_id = new_id(),
      .command = what.command,
      .cwd = what.home,
      .environment = {{"HOME", what.home}},
      .timeout_ms = static_cast<std::uint64_t>(std::chrono::milliseconds(what.timeout).count()),
      .mem_mib = what.mem_mib,
      .follow = true};
  const link::OnOutput on_output = [&output](const link::OutputPiece& piece) {
    output(static_cast<std::uint32_t>(piece.stream), piece.data);
  };
  return agent.follow(request, on_output, work.within(what.timeout + kGrace));
}

}  // namespace pyro::vm
