#include "common/api/workspace_export.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(ExportApi)

}  // namespace pyro::api
