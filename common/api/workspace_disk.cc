#include "common/api/workspace_disk.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(DiskApi)

}  // namespace pyro::api
