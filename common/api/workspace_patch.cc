#include "common/api/workspace_patch.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(PatchApi)

}  // namespace pyro::api
