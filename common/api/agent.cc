#include "common/api/agent.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(agent::AgentApi)

}  // namespace pyro::api
