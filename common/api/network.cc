#include "common/api/network.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::api::NetworkRules)
