#include "services/vm/shim/shim_spec.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::vm::ConfinementPlan)
PYRO_TABLE(pyro::vm::ConfinementTrial)
PYRO_TABLE(pyro::vm::ShimSpec)
