#include "tests/service/bus/operations.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::bus::testing::Answer)
PYRO_TABLE(pyro::bus::testing::Ask)
PYRO_TABLE(pyro::bus::testing::Change)
