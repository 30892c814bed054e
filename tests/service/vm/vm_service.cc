#include "tests/service/vm/vm_service.h"

#include <fmt/core.h>

#include <thread>

#include "common/api/stack.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/directory_lease/directory_lease.h"
#include "common/registry/registry.h"

namespace pyro::vm {
namespace {

namespace fs = std::filesystem;

api::BootFiles boot_files(const fs::path& directory) {
  fs::create_directories(directory);
  for (const char* name : {"rootfs.ext4", "vmlinux"}) write_file_atomically(directory / name, "x");
  write_file_atomically(directory / DirectoryLease::kFileName, "");
  return {.environment = "debian:12",
          .environment_version = "1",
          .environment_digest = "digest",
          .rootfs_path = (directory / "rootfs.ext4").string(),
          .kernel_path = (directory / "vmlinux").string(),
          .kernel_release = "6.1",
          .modules_dir = directory.string()};
}

}  // namespace

VmService::VmService() : images_(stack_.paths(), "image") {
  fs::create_directories(stack_ / "guests");
  fs::create_directories(monitor_directory());
  refuse("migrate");
  images_.on<api::ResolveEnvironment>(boot_files(stack_ / "environment"));
  images_.on<api::InspectEnvironment>(
      api::Environment{.name = "debian:12", .version = "1", .installed = true});
  images_.on<api::ListEnvironments>(api::EnvironmentList{});
  let_vmm(agent_as_guest());
  settings_ = {{"PYRO_VM_QEMU", (stack_ / "vmm").string()},
               {"PYRO_VM_ACCELERATOR", "tcg"},
               // It starts other programs, and the guest's commands after it.
               {"PYRO_VM_CONFINEMENT", "off"},
               {"PYRO_VM_BOOT", "cold"},
               {"PYRO_VM_STANDBY_MACHINES", "0"},
               {"PYRO_FAULTS", (stack_ / "faults").string()}};
  start_service();
}

VmService::~VmService() {
  if (service_) {
    error_of([&] { call(api::Quiesce{}); });
    service_.reset();
  }
}

void VmService::start_service() { service_.emplace(program_, stack_.paths(), settings_); }

void VmService::restart() {
  service_->kill();
  start_service();
}

std::string VmService::agent_as_guest() const {
  const fs::path programs = fs::read_symlink("/proc/self/exe").parent_path();
  return fmt::format(
      // Not a child of the agent, which would end it first.
      "('{1}/fake_monitor' '{2}' &)\n"
      "exec 4>&-\n"
      "root=$(mktemp -d '{0}/XXXXXX')\n"
      "mkdir -p \"$root/workspace/tree\"\n"
      "exec '{1}/pyro-agent' --host --link-fd 3 --root \"$root\" --workspace \"$root/workspace\"\n",
      (stack_ / "guests").string(), programs.string(), monitor_directory().string());
}

std::vector<std::string> VmService::monitored() const {
  std::vector<std::string> lines;
  if (fs::exists(monitor_directory() / "monitor")) {
    lines = split(trim(read_file(monitor_directory() / "monitor")), '\n');
  }
  return lines;
}

void VmService::refuse(const std::string& command) const {
  write_file_atomically(monitor_directory() / ("refuse-" + command), "");
}

void VmService::let_vmm(const std::string& script) const {
  const fs::path file = stack_ / "vmm";
  write_file_atomically(file,
                        "#!/bin/sh\n"
                        "[ \"$1\" != --version ] || { echo 'QEMU emulator version 7.2'; exit; }\n" +
                            script);
  fs::permissions(file, fs::perms::owner_all);
}

api::Machine VmService::create(const api::CreateMachine& request) { return call(request); }

std::string VmService::started() {
  const std::string vm_id = create().vm_id;
  call(api::StartMachine{.vm_id = vm_id});
  return vm_id;
}

std::future<std::optional<Error>> VmService::begin_exec(const std::string& vm_id) {
  const fs::path begun = stack_ / ("begun-" + vm_id);
  auto exec = std::async(std::launch::async, [this, vm_id, begun] {
    return error_of([&] {
      call(api::ExecMachine{.vm_id = vm_id,
                            .command = fmt::format("touch '{}'; sleep 1000", begun.string()),
                            .timeout_seconds = 50});
    });
  });
  EXPECT_TRUE(test::soon([&] { return fs::exists(begun); }));
  return exec;
}

bool VmService::has_files(const std::string& vm_id) const {
  return fs::exists(directory_of(vm_id));
}

void VmService::change_record(const std::string& vm_id,
                              const std::function<void(MachineRecord&)>& change) {
  Registry registry(stack_.paths().registry());
  RecordTable<MachineRecord> table(registry, "machines");
  MachineRecord record = table.get(vm_id).value();
  change(record);
  table.put(vm_id, record);
}

}  // namespace pyro::vm
