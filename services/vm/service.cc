#include "services/vm/service.h"

#include <chrono>
#include <filesystem>

#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/config/programs.h"

namespace pyro::vm {
namespace {

std::filesystem::path shim_program() { return sibling_program("pyro-vm-shim"); }

std::chrono::seconds boot_timeout(const ServiceHost& host) {
  return std::chrono::seconds(host.config().vm.boot_timeout_seconds);
}

}  // namespace

Service::Service(ServiceHost& host)
    : registry_(host.paths().registry()),
      images_(host.client("image")),
      guest_host_(registry_, {.paths = host.paths(),
                              .config = host.config().vm,
                              .agent = sibling_program("pyro-agent"),
                              .shim_program = shim_program()}),
      templates_(host.paths().templates_dir(),
                 std::uint64_t{host.config().vm.templates_max_mib} << 20U),
      builder_(templates_, {.paths = host.paths(),
                            .shim_program = shim_program(),
                            .boot_timeout = boot_timeout(host)}),
      standbys_({.paths = host.paths(),
                 .shim_program = shim_program(),
                 .boot_timeout = boot_timeout(host)}),
      starter_({.shim_program = shim_program(),
                .boot_timeout = boot_timeout(host),
                .boot = host.config().vm.boot},
               guest_host_, templates_, standbys_),
      warmer_({.standby_machines = host.config().vm.standby_machines,
               .idle = std::chrono::seconds(host.config().vm.standby_idle_seconds)},
              guest_host_, builder_, standbys_),
      machines_(registry_, {.paths = host.paths(), .max_active = host.config().limits.max_active},
                starter_, warmer_),
      preparer_(host.paths().cache_dir / "prepared", guest_host_, templates_, builder_),
      machines_handler_(machines_, guest_host_, images_),
      templates_handler_(host.config().vm.boot,
                         {guest_host_, templates_, preparer_, warmer_, images_}) {
  machines_.recover();
  templates_.collect_garbage();
  host.server().set_holds([this] { return machines_.count(); });
  host.server().set_standby([this] { return standbys_.count(); });
  host.serve<api::MachineApi>(machines_handler_);
  host.serve<api::TemplateApi>(templates_handler_);
  host.serve<api::Api<api::Quiesce>>(*this);
}

api::Nothing Service::handle(const api::Quiesce&, bus::Call&) {
  warmer_.rest();
  machines_.stop_all();
  return {};
}

}  // namespace pyro::vm
