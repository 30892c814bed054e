#include "services/vm/shim/control.h"

#include "common/api/message_table.h"

namespace pyro::api {

PYRO_API_TABLES(vm::control::ControlApi)

}  // namespace pyro::api
