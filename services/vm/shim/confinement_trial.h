#pragma once

#include "services/vm/drivers/confinement_plan.h"

namespace pyro::vm {

/// Runs true(1) as a VMM confined by `plan`, with the files of true(1) besides.
void run_confined(ConfinementPlan plan);

/// Tries on this host.
ConfinementTrial try_confinement();

}  // namespace pyro::vm
