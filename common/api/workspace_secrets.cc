#include "common/api/workspace_secrets.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::api::WorkspaceSecret)
