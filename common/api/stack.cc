#include "common/api/stack.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(StackApi)
PYRO_API_TABLES(Api<Ping, Quiesce>)

}  // namespace pyro::api
