#include "common/api/workspace_shells.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(ShellsApi)

}  // namespace pyro::api
