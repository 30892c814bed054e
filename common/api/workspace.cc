#include "common/api/workspace.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(WorkspaceApi)

}  // namespace pyro::api
