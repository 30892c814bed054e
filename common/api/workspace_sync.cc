#include "common/api/workspace_sync.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(SyncApi)

}  // namespace pyro::api
