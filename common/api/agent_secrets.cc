#include "common/api/agent_secrets.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(agent::AgentSecretsApi)

}  // namespace pyro::api
