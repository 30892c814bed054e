#include "services/vm/shim/control.h"

#include "common/api/message_table.h"

PYRO_TABLE_ELSEWHERE(pyro::api::NetworkRules)

namespace pyro::api {

PYRO_API_TABLES(vm::control::ControlApi)

}  // namespace pyro::api
