#include "common/api/workspace_services.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(ServicesApi)

}  // namespace pyro::api
