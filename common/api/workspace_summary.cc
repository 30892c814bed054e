#include "common/api/workspace_summary.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(SummaryApi)

}  // namespace pyro::api
