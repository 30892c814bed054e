#include "gateway/cli/commands/stack/stack_text.h"

#include <fmt/core.h>

#include "common/base/text.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {
namespace {

std::string size_or_dash(const std::optional<std::uint64_t>& bytes) {
  return bytes ? human_size(*bytes) : "-";
}

}  // namespace

std::string stack_text(const api::Stack& stack) {
  if (!stack.running) {
    return fmt::format("no stack runs for {}; commands that need one start it\n", stack.state_dir);
  }
  std::vector<std::vector<std::string>> rows{{"SERVICE", "STATE", "PID", "RESTARTS", "MEMORY"}};
  rows.push_back({"supervisor", stack.stopping ? "stopping" : "running",
                  std::to_string(stack.pid.value_or(0)), "-", size_or_dash(stack.pss_bytes)});
  for (const auto& service : stack.services) {
    rows.push_back({service.name, std::string(api::name_of(service.state)),
                    service.pid ? std::to_string(*service.pid) : "-",
                    std::to_string(service.restarts), size_or_dash(service.pss_bytes)});
  }
  std::string text = table(rows);
  for (const auto& service : stack.services) {
    if (service.standby_machines) {
      text += fmt::format("{}: {} machine{} on standby for the next caller\n", service.name,
                          *service.standby_machines, *service.standby_machines == 1 ? "" : "s");
    }
    if (service.last_error) text += fmt::format("{}: {}\n", service.name, *service.last_error);
  }
  return text + fmt::format("pyro {}, state in {}, sockets in {}\n", stack.version, stack.state_dir,
                            stack.runtime_dir);
}

}  // namespace pyro::cli
