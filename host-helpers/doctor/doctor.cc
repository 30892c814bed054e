#include "host-helpers/doctor/doctor.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "common/api/adoption.h"
#include "common/api/environment.h"
#include "common/api/package_cache.h"
#include "common/api/prepare.h"
#include "common/base/error.h"
#include "common/base/reasons/network.h"
#include "common/base/text.h"
#include "common/network/package_choice.h"
#include "common/registry/recovery.h"

namespace pyro::doctor {
namespace {

constexpr std::string_view kSupported = "linux/amd64";
constexpr std::uint64_t kSettleMs = 20000;

std::string package_fix(const Report& report) {
  return report.packages.install_command.value_or("run `pyro stack logs`");
}

/// Runs `ask`; an Error becomes an issue.
template <class Ask>
void try_to(Report& report, std::string_view what, std::string_view fix, Ask&& ask) {
  try {
    ask();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    report.issues.push_back({fmt::format("{}: {}", what, error.message()), std::string(fix)});
  }
}

void ask_stack(Report& report, StackClient& stack, const Work& work) {
  report.stack.version = PYRO_VERSION;
  report.stack.state_dir = stack.paths().state_dir.string();
  report.stack.runtime_dir = stack.paths().runtime_dir.string();
  if (const auto running = stack.status({}, work.stop);
      running && running->version != PYRO_VERSION && running->state_dir == report.stack.state_dir) {
    report.stack = *running;
    report.other_version = true;
    report.issues.push_back({fmt::format("the services that run are of pyro {}, this is pyro {}",
                                         running->version, PYRO_VERSION),
                             "pyro stack restart"});
    return;
  }
  const auto log = (stack.paths().logs_dir() / "supervisor.log").string();
  try_to(report, "the stack does not run", "see " + log, [&] {
    report.stack = stack.call(api::StackStatus{.wait_ms = kSettleMs, .measure = true}, work);
    for (const auto& service : report.stack.services) {
      if (service.state == api::ServiceState::kRunning) continue;
      report.issues.push_back(
          {fmt::format("service '{}' is {}: {}", service.name, api::name_of(service.state),
                       service.last_error.value_or("it said nothing")),
           fmt::format("run `pyro stack logs --service {}`, then `pyro stack down`",
                       service.name)});
    }
  });
}

/// Runs, and is of this version.
bool service_runs(const Report& report, std::string_view name) {
  return !report.other_version &&
         std::any_of(report.stack.services.begin(), report.stack.services.end(),
                     [name](const auto& service) {
                       return service.name == name && service.state == api::ServiceState::kRunning;
                     });
}

void ask_vm_service(Report& report, StackClient& stack, const Work& work) {
  if (!service_runs(report, "vm")) return;
  try_to(report, "the vm service does not tell what this host can do",
         "run `pyro stack logs --service vm`", [&] {
           report.capabilities = stack.call(api::GetCapabilities{.reprobe = true}, work);
           const auto& capabilities = *report.capabilities;
           report.runtime_ok = capabilities.guest_boot_available;
           report.runtime_reason = capabilities.unavailable_reason;
           if (!capabilities.accelerator.empty()) report.accelerator = capabilities.accelerator;
           report.accelerator_reason = capabilities.accelerator_reason;
           if (report.kvm.readable && report.kvm.writable && !capabilities.kvm_opens) {
             report.issues.push_back(
                 {"this user may use /dev/kvm, but the services that run may not: they are older "
                  "than that",
                  "pyro stack restart"});
           }
           if (auto issue = judge_confinement(capabilities)) {
             report.issues.push_back(std::move(*issue));
           }
           if (!report.runtime_ok) {
             report.issues.push_back(
                 {fmt::format("no guest can be booted: {}",
                              report.runtime_reason.value_or("the vm service gives no reason")),
                  package_fix(report)});
           }
         });
}

void ask_image_service(Report& report, StackClient& stack, const Work& work) {
  report.environment_cache.directory = stack.paths().environments_dir.string();
  if (!service_runs(report, "image")) return;
  try_to(report, "the environments cannot be listed", "run `pyro stack logs --service image`", [&] {
    auto list = stack.call(api::ListEnvironments{}, work);
    report.environment_cache.environments = std::move(list.environments);
    bool known = false;
    for (const auto& environment : report.environment_cache.environments) {
      known = known || environment.name == report.environment;
      if (environment.installed) {
        report.environment_cache.size_bytes += environment.size_bytes.value_or(0);
      }
    }
    if (!known) {
      report.issues.push_back(
          {fmt::format("environment '{}' is not in the catalog", report.environment),
           "choose one of `pyro env list`"});
    }
  });
}

/// A host without it is none that lacks something: machines reach the registries themselves.
void ask_package_cache(Report& report, const Config& config, StackClient& stack, const Work& work) {
  PackageCacheState& cache = report.package_cache;
  cache.directory = stack.paths().package_cache_dir().string();
  cache.available = network::package_cache_program(config.package_cache.nginx).has_value();
  if (!cache.available) {
    cache.message = network::no_package_cache(config.package_cache.nginx).message();
  }
  if (!service_runs(report, "net")) return;
  try_to(report, "the package cache cannot be described", "run `pyro stack logs --service net`",
         [&] {
           const auto told = stack.call(api::DescribePackageCache{}, work);
           cache.directory = told.directory;
           cache.size_bytes = told.bytes;
           cache.most_bytes = told.most_bytes;
           if (told.message) cache.message = told.message;
           for (const auto& site : told.sites) {
             if (site.problem) cache.message = site.problem;
           }
         });
}

std::string package_cache_line(const PackageCacheState& cache) {
  if (!cache.available) return "not available: " + cache.message.value_or("");
  std::string text = "available";
  if (cache.most_bytes > 0) {
    text += fmt::format(", {} of {} in {}", human_size(cache.size_bytes),
                        human_size(cache.most_bytes), cache.directory);
  }
  return cache.message ? text + "; " + printable(*cache.message) : text;
}

/// How long it takes to start a machine is no fault, but a preparation that holds no more is one.
void ask_daily_loop(Report& report, StackClient& stack, const Work& work) {
  report.daily_loop.environment = report.environment;
  if (!service_runs(report, "vm") || !service_runs(report, "image")) {
    report.daily_loop.reason = "the stack does not run";
    return;
  }
  try {
    report.daily_loop =
        stack.call(api::GetDailyLoop{.environment = report.environment, .verify = true}, work);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    report.daily_loop.reason = error.message();
  }
  if (report.daily_loop.status == api::Warmth::kStale) {
    report.issues.push_back({fmt::format("the preparation of '{}' is stale: {}", report.environment,
                                         report.daily_loop.reason.value_or("")),
                             fmt::format("pyro prepare {}", report.environment)});
  }
}

/// The machines come first: a workspace that is there without its machine could only be reset.
void ask_for_lost(Report& report, StackClient& stack, const Work& work, bool repair) {
  if (!service_runs(report, "vm") || !service_runs(report, "workspace")) return;
  api::Adoption workspaces;
  api::Adoption machines;
  std::set<std::string> wanted;
  bool asked = false;
  try_to(report, "what the registry lost cannot be told",
         "run `pyro stack logs --service workspace`", [&] {
           workspaces = stack.call(api::AdoptWorkspaces{}, work);
           machines = stack.call(api::AdoptMachines{}, work);
           for (const auto* found : {&workspaces, &machines}) {
             for (const auto& stray : found->strays) {
               if (stray.workspace_id) wanted.insert(*stray.workspace_id);
             }
           }
           if (repair) {
             const std::vector<std::string> ids(wanted.begin(), wanted.end());
             machines = stack.call(
                 api::AdoptMachines{.workspace_ids = ids, .drop_unreadable = true}, work);
             workspaces = stack.call(
                 api::AdoptWorkspaces{.workspace_ids = ids, .drop_unreadable = true}, work);
           }
           asked = true;
         });
  if (!asked) return;
  Recovery& recovery = report.recovery;
  std::set<std::string> adoptable;
  for (auto* found : {&workspaces, &machines}) {
    for (auto& stray : found->strays) {
      if (stray.workspace_id) {
        adoptable.insert(*stray.workspace_id);
      } else {
        recovery.strays.push_back(std::move(stray));
      }
    }
    for (auto& row : found->unreadable) recovery.unreadable.push_back(std::move(row));
  }
  recovery.adoptable.assign(adoptable.begin(), adoptable.end());
  if (repair) recovery.adopted = std::move(workspaces.adopted);
}

void judge_lost(Report& report, bool repair) {
  const Recovery& recovery = report.recovery;
  if (!recovery.adoptable.empty()) {
    report.issues.push_back(
        {"the registry lost the records of these workspaces, or cannot read "
         "them: " +
             join(recovery.adoptable, ", "),
         "pyro doctor --repair"});
  }
  for (const auto& stray : recovery.strays) {
    const bool has_row = std::any_of(recovery.unreadable.begin(), recovery.unreadable.end(),
                                     [&stray](const auto& row) { return row.id == stray.id; });
    if (has_row) continue;
    report.issues.push_back({fmt::format("no record names '{}': {}", stray.directory, stray.why),
                             "look into it, then move or delete it; pyro leaves it alone"});
  }
  for (const auto& row : recovery.unreadable) {
    if (std::find(recovery.adoptable.begin(), recovery.adoptable.end(), row.id) !=
        recovery.adoptable.end()) {
      continue;
    }
    std::string fix = "pyro doctor --repair";
    if (repair && row.table == "workspaces") fix = "pyro workspace delete " + row.id;
    if (repair && row.table == "workspace_snapshots") {
      const auto slash = row.id.find('/');
      fix = fmt::format("pyro workspace snapshot delete {} {}", row.id.substr(0, slash),
                        row.id.substr(slash + 1));
    }
    report.issues.push_back({fmt::format("row '{}' of the registry's table '{}' cannot be read: {}",
                                         row.id, row.table, row.why),
                             std::move(fix)});
  }
  for (const auto& copy : recovery.damaged_copies) {
    report.issues.push_back(
        {fmt::format("the registry was damaged, and recovered as far as possible; '{}' is the "
                     "damaged file",
                     copy),
         "delete it once nothing is missing"});
  }
}

/// What a start of the stack has recovered and set aside.
void look_for_damaged_registries(Report& report, const std::filesystem::path& state_dir) {
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(state_dir, none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kDamagedRegistry) || name.ends_with("-wal")) continue;
    report.recovery.damaged_copies.push_back(entry.path().string());
  }
}

std::string network_fix(const Networking& networking) {
  if (!networking.user_namespaces) return allow_namespaces();
  const std::string reason = networking.reason.value_or("");
  if (reason == reason::kNoTun.name()) return "sudo modprobe tun";
  if (reason == reason::kNoPacketFilter.name()) return "sudo modprobe -a nf_tables nft_tproxy";
  if (reason == reason::kNamespacesWithoutRights.name()) return allow_namespaces();
  return "";
}

void judge_host(Report& report) {
  if (report.packages.install_command) {
    report.issues.push_back({"packages are missing: " + join(report.packages.missing, ", "),
                             *report.packages.install_command});
  }
  if (!report.networking.available) {
    report.issues.push_back(
        {"machines can be given no network: " + report.networking.message.value_or(""),
         network_fix(report.networking)});
  }
  if (report.kvm.exists && !(report.kvm.readable && report.kvm.writable)) {
    report.issues.push_back({"/dev/kvm is there, but not for this user: guests run slower",
                             "sudo usermod -aG kvm $USER, then log in again"});
  }
}

std::string yes_no(bool value) { return value ? "yes" : "no"; }

std::string kvm_text(const Report& report) {
  const Kvm& kvm = report.kvm;
  if (!kvm.exists) return "/dev/kvm does not exist";
  std::string text = fmt::format("/dev/kvm exists, readable: {}, writable: {}",
                                 yes_no(kvm.readable), yes_no(kvm.writable));
  if (report.capabilities && report.capabilities->kvm_probed_at) {
    const double age = now_epoch_seconds() - *report.capabilities->kvm_probed_at;
    text += fmt::format(", a guest was tried with it {:.0f} min ago for at most {} s", age / 60,
                        report.capabilities->kvm_probe_seconds.value_or(0));
  }
  return text;
}

std::string stack_line(const api::Stack& stack) {
  if (!stack.running) return "does not run";
  std::string text = fmt::format("runs (process {})", stack.pid.value_or(0));
  for (const auto& service : stack.services) {
    text += fmt::format(", {} {}", service.name, api::name_of(service.state));
  }
  return text;
}

}  // namespace

Report examine(const Question& question, const Config& config, StackClient& stack,
               const Work& work) {
  Report report;
  report.platform = question.platform.empty() ? host_platform() : question.platform;
  report.environment = question.environment;
  report.kvm = check_kvm();
  report.versions = find_versions(config.vm.qemu, work.stop);
  report.networking = check_networking(work.stop);
  report.packages = check_packages(question.has_program, config.vm.qemu);
  judge_host(report);
  report.project_source = check_project_source(question.source, question.directory);
  if (report.project_source.error) {
    report.issues.push_back({"the project source cannot be used: " + *report.project_source.error,
                             report.project_source.fix.value_or("")});
  }
  if (config.vm.boot == api::BootPolicy::kCold) {
    report.issues.push_back(
        {"vm.boot is cold: no machine starts from a warm template",
         "remove it from the configuration, or PYRO_BOOT from the environment"});
  }
  ask_stack(report, stack, work);
  ask_vm_service(report, stack, work);
  ask_image_service(report, stack, work);
  ask_package_cache(report, config, stack, work);
  ask_daily_loop(report, stack, work);
  ask_for_lost(report, stack, work, question.repair);
  look_for_damaged_registries(report, stack.paths().state_dir);
  judge_lost(report, question.repair);
  if (report.platform != kSupported || host_platform() != kSupported) {
    report.runtime_ok = false;
    report.runtime_reason = fmt::format("guests run on {} only; this question is about {} on {}",
                                        kSupported, report.platform, host_platform());
    report.issues.push_back({*report.runtime_reason, fmt::format("use a {} host", kSupported)});
  } else if (!report.runtime_ok && !report.runtime_reason) {
    report.runtime_reason = "the vm service does not answer";
  }
  return report;
}

std::string report_text(const Report& report) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("{:<13} {}\n", name, value);
  };
  line("platform", report.platform);
  line("guests",
       report.runtime_ok ? "can run" : "cannot run: " + report.runtime_reason.value_or(""));
  if (report.accelerator) {
    line("accelerator",
         fmt::format("{} ({})", *report.accelerator, report.accelerator_reason.value_or("")));
  }
  line("kvm", kvm_text(report));
  if (report.capabilities && !report.capabilities->confinement.empty()) {
    const std::string& reason = report.capabilities->confinement_reason;
    line("confinement",
         report.capabilities->confinement + (reason.empty() ? "" : fmt::format(" ({})", reason)));
  }
  for (const auto& [name, version] : report.versions) line(name, version);
  const Networking& networking = report.networking;
  line("networking", !networking.available ? networking.message.value_or("not available")
                     : networking.honest_connect
                         ? "available"
                         : "available; a guest's connect() to what is not there seems to succeed "
                           "first (the kernel has no nft_queue)");
  line("package cache", package_cache_line(report.package_cache));
  line("packages", report.packages.missing.empty()
                       ? "all there"
                       : "missing " + join(report.packages.missing, ", "));
  line("stack", stack_line(report.stack));
  std::vector<std::string> installed;
  for (const auto& environment : report.environment_cache.environments) {
    if (environment.installed) installed.push_back(environment.name);
  }
  line("environments",
       fmt::format("{} installed ({}) in {}", installed.empty() ? "none" : join(installed, ", "),
                   human_size(report.environment_cache.size_bytes),
                   report.environment_cache.directory));
  const api::DailyLoop& loop = report.daily_loop;
  line("daily loop", fmt::format("{} is {}{}", loop.environment, api::name_of(loop.status),
                                 loop.reason ? fmt::format(": {}", *loop.reason) : "") +
                         (loop.status == api::Warmth::kCold && report.runtime_ok
                              ? fmt::format(" (`pyro prepare {}` makes its machines start at once)",
                                            loop.environment)
                              : ""));
  const ProjectSource& source = report.project_source;
  line("source", source.error ? "cannot be used: " + *source.error : source.sentence);
  if (!report.recovery.adopted.empty()) {
    line("repaired", "workspaces " + join(report.recovery.adopted, ", ") +
                         " are back, stopped: `pyro workspace start ID`");
  }
  if (report.issues.empty()) return text + "\nno issues\n";
  text += "\nissues\n";
  for (const auto& issue : report.issues) {
    text += fmt::format("- {}\n  fix: {}\n", issue.problem, issue.fix);
  }
  return text;
}

}  // namespace pyro::doctor
