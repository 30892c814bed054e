#include "common/api/workspace_files.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(FilesApi)

}  // namespace pyro::api
