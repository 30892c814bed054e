#include "common/api/workspace_ports.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(WorkspacePortsApi)

}  // namespace pyro::api
