#include "common/api/agent_trust.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(agent::AgentTrustApi)

}  // namespace pyro::api
