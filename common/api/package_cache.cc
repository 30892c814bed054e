#include "common/api/package_cache.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(PackageCacheApi)

}  // namespace pyro::api
