#include "services/vm/machines/adoption.h"

#include <algorithm>

#include "common/log/log.h"
#include "common/ownership/claim.h"
#include "services/vm/machines/machine_description.h"

namespace pyro::vm {

api::Adoption MachineAdoption::handle(const api::AdoptMachines& request, bus::Call&) {
  const auto& wanted = request.workspace_ids;
  api::Adoption adoption;
  const auto take = [&](api::StrayDirectory told, std::optional<MachineRecord> record) {
    if (record) told.workspace_id = record->workspace_id;
    if (record && std::find(wanted.begin(), wanted.end(), record->workspace_id) != wanted.end()) {
      machines_.adopt(std::move(*record));
      log::info("vm {} has a record again", told.id);
      adoption.adopted.push_back(told.id);
    } else {
      adoption.strays.push_back(std::move(told));
    }
  };
  for (const auto& stray : directories_.strays(former_registries(state_dir_))) {
    api::StrayDirectory told{.id = stray.directory.filename().string(),
                             .directory = stray.directory.string(),
                             .why = stray.obstacle.value_or("its registry was lost")};
    auto record = stray.obstacle ? std::nullopt : read_description(stray.directory);
    if (!record && !stray.obstacle) {
      told.why = "its registry was lost, and it holds no workspace's volume";
    }
    take(std::move(told), std::move(record));
  }
  for (const auto& vm_id : machines_.unreadable()) {
    const auto directory = directories_.path_of(vm_id);
    take({.id = vm_id, .directory = directory.string(), .why = "its record cannot be read"},
         read_description(directory));
  }
  adoption.unreadable = request.drop_unreadable ? registry_.drop_unreadable({MachineTable::kName})
                                                : registry_.unreadable();
  return adoption;
}

}  // namespace pyro::vm
