#pragma once

#include "common/confinement/confinement_plan.h"

namespace pyro {

/// Runs true(1) confined by `plan`, with the files of true(1) besides.
void run_confined(ConfinementPlan plan);

/// Tries on this host.
ConfinementTrial try_confinement();

}  // namespace pyro
