#include "common/api/agent_files.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(agent::FilesAgentApi)

}  // namespace pyro::api
