#include "services/vm/shim/power_off.h"

#include <poll.h>

#include "common/base/error.h"
#include "common/link/agent_client.h"

namespace pyro::vm {
namespace {

/// How long a guest may take to hear that it is to be powered off.
constexpr std::chrono::seconds kHearLimit{5};
/// As much as its memory holds may have to go to a slow disk.
constexpr std::chrono::seconds kFlushLimit{60};

}  // namespace

void power_off_guest(const std::filesystem::path& link_socket, int ended_fd,
                     const std::stop_token& stop) {
  const Work work{.deadline = Clock::now() + kHearLimit, .stop = stop};
  auto agent = link::AgentConnection::dial(link_socket, api::agent::kPort, work);
  agent.call(api::agent::PowerOff{}, work);
  // The answer comes before the disks are flushed.
  if (!wait_for(ended_fd, POLLIN, Clock::now() + kFlushLimit, StopFd(stop))) {
    throw deadline_exceeded("its disks were not flushed in {} s", kFlushLimit.count());
  }
}

}  // namespace pyro::vm
