#include "host-helpers/hosts/report.h"

#include "common/api/message_table.h"
#include "host-helpers/hosts/denied_settings.h"

PYRO_TABLE(pyro::hosts::HostsReport)
PYRO_TABLE(pyro::hosts::HostChange)
PYRO_TABLE(pyro::hosts::DeniedSettings)
