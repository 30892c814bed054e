#pragma once

#include <chrono>
#include <string>

#include "common/config/paths.h"
#include "common/link/agent_client.h"
#include "common/work/work.h"

namespace pyro::workspace {

/// Time for the agent to answer what takes no time of its own: to start a command, or to end one
/// and say so.
inline constexpr std::chrono::seconds kAgentGrace{15};

/// Connects to the agent of a workspace's machine, within that time.
link::AgentConnection dial_agent(const Paths& paths, const std::string& vm_id, const Work& work);

}  // namespace pyro::workspace
