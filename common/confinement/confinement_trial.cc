#include "common/confinement/confinement_trial.h"

#include <algorithm>
#include <chrono>

#include "common/base/error.h"
#include "common/confinement/confinement.h"
#include "common/confinement/installed_program.h"

namespace pyro {
namespace {

constexpr std::chrono::seconds kLimit{10};

}  // namespace

void run_confined(ConfinementPlan plan) {
  const auto program = find_program("true");
  if (!program) throw not_found("program 'true' is not on PATH");
  for (auto& file : files_of_program(*program)) {
    const bool there =
        std::find(plan.programs.begin(), plan.programs.end(), file) != plan.programs.end();
    if (!there) plan.programs.push_back(std::move(file));
  }
  ChildProcess child = start_confined({.argv = {program->string()}}, plan);
  const auto status = child.wait(Clock::now() + kLimit, StopFd({}));
  if (!status) throw deadline_exceeded("a confined program did not end");
  if (!status->ok()) throw unavailable("a confined program ended with status {}", status->code);
}

ConfinementTrial try_confinement() {
  const bool landlock = landlock_works();
  ConfinementTrial trial;
  if (!landlock) trial.reason = "this kernel has no Landlock";
  try {
    trial.form = landlock ? ConfinementForm::kFull : ConfinementForm::kNamespaces;
    run_confined({.form = trial.form});
    return trial;
  } catch (const Error& error) {
    if (!trial.reason.empty()) trial.reason += "; ";
    trial.reason += "namespaces do not work: " + error.message();
  }
  trial.form = landlock ? ConfinementForm::kLandlock : ConfinementForm::kSeccomp;
  run_confined({.form = trial.form});
  return trial;
}

}  // namespace pyro
