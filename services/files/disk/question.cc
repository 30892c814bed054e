#include "services/files/disk/question.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::files::DiskQuestion)
PYRO_TABLE(pyro::files::DiskAnswer)
