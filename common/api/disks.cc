#include "common/api/disks.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(MachineDisksApi)
PYRO_API_TABLES(DiskFilesApi)

}  // namespace pyro::api
