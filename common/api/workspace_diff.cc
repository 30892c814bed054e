#include "common/api/workspace_diff.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(DiffApi)

}  // namespace pyro::api
