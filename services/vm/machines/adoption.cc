#include "services/vm/machines/adoption.h"

#include "common/log/log.h"
#include "common/ownership/claim.h"
#include "services/vm/machines/machine_description.h"

namespace pyro::vm {

api::Adoption MachineAdoption::handle(const api::AdoptMachines& request, bus::Call&) {
  api::Adoption adoption;
  for (const auto& stray : directories_.strays(former_registries(state_dir_))) {
    const std::string vm_id = stray.directory.filename().string();
    std::optional<MachineRecord> record;
    std::string obstacle = stray.obstacle.value_or("");
    if (obstacle.empty()) {
      record = read_description(stray.directory);
      if (!record) obstacle = "it does not say which workspace's machine it was";
    }
    if (!record || request.dry_run) {
      adoption.strays.push_back({.id = vm_id,
                                 .directory = stray.directory.string(),
                                 .adoptable = record.has_value(),
                                 .why = record ? "its registry was lost" : obstacle});
      continue;
    }
    machines_.adopt(std::move(*record));
    adoption.adopted.push_back(vm_id);
    log::info("vm {} has a record again", vm_id);
  }
  return adoption;
}

}  // namespace pyro::vm
