#include "common/api/machine.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(MachineApi)

}  // namespace pyro::api

PYRO_TABLE(pyro::api::OutputChunk)
