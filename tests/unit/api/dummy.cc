#include "tests/unit/api/dummy.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(Api<Cook>)

}  // namespace pyro::api
