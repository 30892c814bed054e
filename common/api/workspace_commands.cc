#include "common/api/workspace_commands.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(CommandsApi)

}  // namespace pyro::api
