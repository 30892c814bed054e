#include "common/api/adoption.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(MachineAdoptionApi)
PYRO_API_TABLES(WorkspaceAdoptionApi)

}  // namespace pyro::api
