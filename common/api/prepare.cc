#include "common/api/prepare.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(PrepareApi)
PYRO_API_TABLES(TemplateApi)

}  // namespace pyro::api
