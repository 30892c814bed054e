#include "services/vm/shim/shim_spec.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::vm::ShimSpec)
