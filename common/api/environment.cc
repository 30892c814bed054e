#include "common/api/environment.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(EnvironmentApi)

}  // namespace pyro::api
