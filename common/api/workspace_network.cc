#include "common/api/workspace_network.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::api::NetworkPreset)

namespace pyro::api {

PYRO_API_TABLES(WorkspaceNetworkApi)

}  // namespace pyro::api
