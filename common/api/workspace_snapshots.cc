#include "common/api/workspace_snapshots.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(SnapshotsApi)

}  // namespace pyro::api
