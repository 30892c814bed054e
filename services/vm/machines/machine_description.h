#pragma once

#include <filesystem>
#include <optional>

#include "services/vm/machine_record.h"

namespace pyro::vm {

/// What a machine's directory says of it, should the registry's file be lost: `machine.json`, its
/// record. Only of one that holds a workspace's volume; of others there is nothing to keep.
void write_description(const std::filesystem::path& directory, const MachineRecord& record);

/// nullopt: it says nothing, or not of this machine.
std::optional<MachineRecord> read_description(const std::filesystem::path& directory);

}  // namespace pyro::vm
