#include "services/workspace/agent_link.h"

#include "common/api/agent.h"
#include "common/guest/machine_paths.h"

namespace pyro::workspace {

link::AgentConnection dial_agent(const Paths& paths, const std::string& vm_id, const Work& work) {
  return link::AgentConnection::dial(MachinePaths(paths, vm_id).link_socket, api::agent::kPort,
                                     work.within(kAgentGrace));
}

}  // namespace pyro::workspace
