#include "common/api/files.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(VolumesApi)
PYRO_API_TABLES(MachineFilesApi)

}  // namespace pyro::api
