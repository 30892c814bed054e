#include "services/vm/service.h"

#include <filesystem>

#include "common/api/machine.h"
#include "common/api/prepare.h"
#include "common/config/programs.h"
#include "common/ownership/claim.h"

namespace pyro::vm {
namespace {

std::filesystem::path shim_program() { return sibling_program("pyro-vm-shim"); }

GuestLimits limits(const ServiceHost& host) { return GuestLimits(host.config().vm); }

/// Before anything is made, so that a lost registry is known as one.
OwnedDirectories machine_directories(const Paths& paths, const Registry& registry) {
  name_registry(paths.state_dir, registry.id());
  return {paths.machines_dir(), "machine", registry.id()};
}

}  // namespace

Service::Service(ServiceHost& host)
    : registry_(host.paths().registry()),
      directories_(machine_directories(host.paths(), registry_)),
      images_(host.client("image")),
      guest_host_(registry_, {.paths = host.paths(),
                              .config = host.config().vm,
                              .agent = sibling_program("pyro-agent"),
                              .shim_program = shim_program(),
                              .machines = directories_}),
      templates_(host.paths().templates_dir(),
                 std::uint64_t{host.config().vm.templates_max_mib} << 20U),
      builder_(templates_, {.paths = host.paths(),
                            .shim_program = shim_program(),
                            .limits = limits(host),
                            .machines = directories_}),
      standbys_({.paths = host.paths(),
                 .shim_program = shim_program(),
                 .limits = limits(host),
                 .machines = directories_}),
      starter_({.shim_program = shim_program(),
                .limits = limits(host),
                .boot = host.config().vm.boot,
                .machines = directories_},
               guest_host_, templates_, standbys_),
      warmer_({.standby_machines = host.config().vm.standby_machines,
               .idle = std::chrono::seconds(host.config().vm.standby_idle_seconds)},
              guest_host_, builder_, standbys_),
      machines_(registry_,
                {.paths = host.paths(),
                 .directories = directories_,
                 .limits = host.config().limits,
                 .mount = limits(host).mount,
                 .network = limits(host).network},
                starter_, warmer_),
      preparer_(host.paths().cache_dir / "prepared", guest_host_, templates_, builder_),
      machines_handler_(machines_, guest_host_, images_, host.config().package_cache.nginx),
      templates_handler_(host.config().vm.boot,
                         {guest_host_, templates_, preparer_, warmer_, images_}),
      adoption_(host.paths().state_dir, registry_, directories_, machines_) {
  machines_.recover();
  templates_.collect_garbage();
  host.server().set_holds([this] { return machines_.count(); });
  host.server().set_running([this] { return machines_.started_count(); });
  host.server().set_standby([this] { return standbys_.count(); });
  host.serve<api::MachineApi>(machines_handler_);
  host.serve<api::MachineDisksApi>(machines_handler_);
  host.serve<api::TemplateApi>(templates_handler_);
  host.serve<api::MachineAdoptionApi>(adoption_);
  host.serve<api::Api<api::Quiesce>>(*this);
}

api::Nothing Service::handle(const api::Quiesce&, bus::Call&) {
  warmer_.rest();
  machines_.stop_all();
  return {};
}

}  // namespace pyro::vm
