#include "host-helpers/doctor/report.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::doctor::Report)
