#include "common/api/progress.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::api::Progress)
