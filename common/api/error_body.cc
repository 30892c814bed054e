#include "common/api/error_body.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::api::ErrorBody)
