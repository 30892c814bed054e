#include "services/vm/machines/adoption.h"

#include <algorithm>

#include "common/log/log.h"
#include "common/ownership/claim.h"
#include "services/vm/machines/machine_description.h"

namespace pyro::vm {

api::Adoption MachineAdoption::handle(const api::AdoptMachines& request, bus::Call&) {
  const auto& wanted = request.workspace_ids;
  api::Adoption adoption;
  for (const auto& stray : directories_.strays(former_registries(state_dir_))) {
    api::StrayDirectory told{.id = stray.directory.filename().string(),
                             .directory = stray.directory.string(),
                             .why = stray.obstacle.value_or("its registry was lost")};
    auto record = stray.obstacle ? std::nullopt : read_description(stray.directory);
    if (record) {
      told.workspace_id = record->workspace_id;
    } else if (!stray.obstacle) {
      told.why = "its registry was lost, and it holds no workspace's volume";
    }
    if (record && std::find(wanted.begin(), wanted.end(), record->workspace_id) != wanted.end()) {
      machines_.adopt(std::move(*record));
      log::info("vm {} has a record again", told.id);
      adoption.adopted.push_back(told.id);
    } else {
      adoption.strays.push_back(std::move(told));
    }
  }
  return adoption;
}

}  // namespace pyro::vm
