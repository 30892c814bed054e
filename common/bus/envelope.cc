#include "common/bus/envelope.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::bus::Envelope)
