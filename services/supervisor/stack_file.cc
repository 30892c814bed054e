#include "services/supervisor/stack_file.h"

#include <nlohmann/json.hpp>
#include <set>

#include "common/api/message_table.h"
#include "common/base/error.h"
#include "common/config/toml_file.h"

namespace pyro::supervisor {
namespace {

void check_order(const StackFile& stack) {
  std::set<std::string> earlier;
  for (const auto& service : stack.services) {
    for (const auto& name : service.after) {
      if (!earlier.contains(name)) {
        throw invalid_argument("service '{}' starts after '{}', which must be listed before it",
                               service.name, name);
      }
    }
    if (!earlier.insert(service.name).second) {
      throw invalid_argument("service '{}' is listed twice", service.name);
    }
  }
}

}  // namespace

StackFile read_stack_file(const std::filesystem::path& file) {
  return with_context(fmt::format("stack '{}'", file.string()), [&file] {
    auto stack = api::from_json<StackFile>(read_toml(file), api::UnknownFields::kRefuse);
    check_order(stack);
    return stack;
  });
}

}  // namespace pyro::supervisor

PYRO_TABLE(pyro::supervisor::StackFile)
