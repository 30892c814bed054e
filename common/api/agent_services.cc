#include "common/api/agent_services.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(agent::AgentServicesApi)

}  // namespace pyro::api
