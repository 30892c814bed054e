#include "common/api/ports.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(PortsApi)

}  // namespace pyro::api
