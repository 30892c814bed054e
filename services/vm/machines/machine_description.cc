#include "services/vm/machines/machine_description.h"

#include "common/stored_file/stored_file.h"

namespace pyro::vm {
namespace {

constexpr const char* kFileName = "machine.json";

}  // namespace

void write_description(const std::filesystem::path& directory, const MachineRecord& record) {
  if (!record.workspace_id || !record.has_volume) return;
  replace_file(directory / kFileName, api::to_json_text(record, 2) + "\n");
}

std::optional<MachineRecord> read_description(const std::filesystem::path& directory) {
  auto record = read_record<MachineRecord>(directory / kFileName);
  if (!record || record->machine.vm_id != directory.filename().string()) return std::nullopt;
  if (!record->workspace_id || !record->has_volume) return std::nullopt;
  return record;
}

}  // namespace pyro::vm
