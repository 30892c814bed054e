#include "common/confinement/confinement_plan.h"

#include "common/api/message_table.h"

PYRO_TABLE(pyro::ConfinementPlan)
PYRO_TABLE(pyro::ConfinementTrial)
