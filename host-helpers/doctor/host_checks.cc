#include "host-helpers/doctor/host_checks.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/api/json_codec.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "common/network/gate_protocol.h"
#include "common/process/child_process.h"
#include "common/stack/installation.h"

namespace pyro::doctor {
namespace {

constexpr std::chrono::seconds kProbeLimit{5};

/// A program and the Debian package that brings it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNeeded = {{
    {"mmdebstrap", "mmdebstrap"},
    {"fakechroot", "fakechroot"},
    {"fakeroot", "fakeroot"},
    {"mke2fs", "e2fsprogs"},
    {"setpriv", "util-linux"},
    {"dpkg-deb", "dpkg"},
    {"bwrap", "bubblewrap"},
    {"git", "git"},
}};

std::string first_line(const std::string& text) {
  return std::string(trim(text.substr(0, text.find('\n'))));
}

/// What a networked machine needs, done once.
void try_gate(Networking& networking, const std::stop_token& stop) {
  try {
    const auto trial = api::from_json_text<network::GateReport>(
        run_command({.argv = {find_helper(network::kGateProgram).string(),
                              std::string(network::kTryGateWord)}},
                    Clock::now() + kProbeLimit * 2, stop)
            .output,
        api::UnknownFields::kIgnore, "the trial of a network");
    networking.available = trial.event == network::GateEvent::kReady;
    networking.honest_connect =
        networking.available && trial.connect_answer == network::ConnectAnswer::kHonest;
    if (!networking.available) {
      networking.reason = trial.reason;
      networking.message = trial.message;
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    networking.reason = error.reason();
    networking.message = error.message();
  }
}

}  // namespace

std::string host_platform() {
  utsname name{};
  ::uname(&name);
  const std::string machine = name.machine;
  const std::string architecture = machine == "x86_64"    ? "amd64"
                                   : machine == "aarch64" ? "arm64"
                                                          : machine;
  return "linux/" + architecture;
}

Kvm check_kvm(const std::filesystem::path& device) {
  return {.exists = ::access(device.c_str(), F_OK) == 0,
          .readable = ::access(device.c_str(), R_OK) == 0,
          .writable = ::access(device.c_str(), W_OK) == 0};
}

HasProgram on_path() {
  return [](const std::string& name) { return find_program(name).has_value(); };
}

Networking check_networking(const std::stop_token& stop) {
  Networking networking;
  try {
    run_checked({.argv = {"unshare", "--user", "--map-root-user", "--net", "true"}},
                Clock::now() + kProbeLimit, stop);
    networking.user_namespaces = true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    networking.user_namespaces_reason = error.message();
  }
  try_gate(networking, stop);
  return networking;
}

std::optional<Issue> judge_confinement(const api::HostCapabilities& capabilities) {
  const std::string& form = capabilities.confinement;
  if (form.empty() || form == "full" || form == "namespaces") return std::nullopt;
  if (form == "off") {
    return Issue{
        fmt::format("QEMU is not confined: a guest that breaks out of it has all rights of "
                    "its user ({})",
                    capabilities.confinement_reason),
        "remove vm.confinement from the configuration, or PYRO_VM_CONFINEMENT from the "
        "environment, then run `pyro stack down`"};
  }
  return Issue{fmt::format("QEMU is confined only by {} ({})",
                           form == "landlock" ? "Landlock and seccomp" : "seccomp",
                           capabilities.confinement_reason),
               allow_namespaces()};
}

std::string allow_namespaces(const std::filesystem::path& settings) {
  const auto is_zero = [&](const char* name) {
    return trim(read_tail(settings / name, 64)) == "0";
  };
  if (is_zero("user/max_user_namespaces")) return "sudo sysctl -w user.max_user_namespaces=15000";
  if (is_zero("kernel/unprivileged_userns_clone")) {
    return "sudo sysctl -w kernel.unprivileged_userns_clone=1";
  }
  if (std::filesystem::exists(settings / "kernel/apparmor_restrict_unprivileged_userns")) {
    return fmt::format(
        "sudo install -m 644 '{}' /etc/apparmor.d/pyro && "
        "sudo apparmor_parser -r /etc/apparmor.d/pyro",
        find_share_file("apparmor/pyro").string());
  }
  return "allow user namespaces to this user: a container or a security module forbids them";
}

Packages check_packages(const HasProgram& has_program, const std::string& qemu) {
  Packages packages;
  const auto need = [&](std::string_view program, std::string_view package) {
    if (has_program(std::string(program))) return;
    if (std::find(packages.missing.begin(), packages.missing.end(), package) ==
        packages.missing.end()) {
      packages.missing.emplace_back(package);
    }
  };
  if (qemu == "qemu-system-x86_64") need(qemu, "qemu-system-x86");
  for (const auto& [program, package] : kNeeded) need(program, package);
  if (!packages.missing.empty()) {
    packages.install_command =
        "sudo apt-get install --no-install-recommends " + join(packages.missing, " ");
  }
  return packages;
}

ProjectSource check_project_source(const source::SourceOptions& options,
                                   const std::filesystem::path& directory) {
  ProjectSource report;
  try {
    const auto found = source::find_project_source(options, directory);
    if (!found) {
      report.sentence = "a workspace begins empty unless its caller names a seed_path";
      return report;
    }
    report.kind = std::string(api::name_of(found->kind));
    report.ref = found->shown;
    report.sentence = "a workspace begins with " + source::describe(*found);
    source::check(*found);
  } catch (const Error& error) {
    report.error = error.message();
    report.fix =
        "fix it, start the server elsewhere or with another --project-path, or with "
        "--no-project-source";
  }
  return report;
}

namespace {

/// Debian's build of pasta does not know its own version; its package does.
std::string package_version(const std::string& package, const std::stop_token& stop) {
  try {
    const auto result = run_command({.argv = {"dpkg-query", "-W", "-f", "${Version}", package}},
                                    Clock::now() + kProbeLimit, stop);
    return result.status.ok() ? printable(first_line(result.output)) : "";
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    return "";  // a host without dpkg
  }
}

}  // namespace

std::map<std::string, std::string> find_versions(const std::string& qemu,
                                                 const std::stop_token& stop) {
  std::map<std::string, std::string> versions{{"pyro", PYRO_VERSION}};
  utsname name{};
  if (::uname(&name) == 0) versions["kernel"] = name.release;
  const auto ask = [&](const std::string& key, const std::string& program,
                       const std::string& flag) {
    try {
      const auto result = run_command({.argv = {program, flag}}, Clock::now() + kProbeLimit, stop);
      const std::string said =
          first_line(result.output.empty() ? result.error_output : result.output);
      if (result.status.ok() && !said.empty()) versions[key] = printable(said);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;  // else: not installed, told elsewhere
    }
  };
  ask("qemu", qemu, "--version");
  ask("mke2fs", "mke2fs", "-V");
  ask("bubblewrap", "bwrap", "--version");
  ask("pasta", "pasta", "--version");
  if (const auto said = versions.find("pasta");
      said != versions.end() && said->second.find("unknown version") != std::string::npos) {
    const std::string of_package = package_version("passt", stop);
    said->second =
        of_package.empty() ? "pasta, of a version that it does not tell" : "pasta " + of_package;
  }
  return versions;
}

}  // namespace pyro::doctor
