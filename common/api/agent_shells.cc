#include "common/api/agent_shells.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(agent::ShellsApi)

}  // namespace pyro::api
