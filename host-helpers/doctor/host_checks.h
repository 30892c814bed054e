#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "common/source/source.h"
#include "host-helpers/doctor/report.h"

/// Checks of the host without the stack.
namespace pyro::doctor {

/// `linux/amd64`
std::string host_platform();

Kvm check_kvm(const std::filesystem::path& device = "/dev/kvm");

/// Whether a program is on PATH; a parameter so that a test can leave some out.
using HasProgram = std::function<bool(const std::string&)>;
HasProgram on_path();

/// Tries an unprivileged user and network namespace, and all that a networked machine needs in it.
Networking check_networking(const std::stop_token& stop);

/// The command that lets pyro's programs make user namespaces and have rights in them, by what the
/// kernel's settings say: AppArmor's profile of pyro, or a setting.
std::string allow_namespaces(const std::filesystem::path& settings = "/proc/sys");

/// What is wrong with a VMM's confinement here. Nothing, where it sees only its files.
std::optional<Issue> judge_confinement(const api::HostCapabilities& capabilities);

/// Packages whose program is missing, and the line that installs them.
Packages check_packages(const HasProgram& has_program, const std::string& qemu);

/// The project of a server with these flags in `directory`; its refusal is the error.
ProjectSource check_project_source(const source::SourceOptions& options,
                                   const std::filesystem::path& directory);

/// First lines of what the programs say of their versions, by program.
std::map<std::string, std::string> find_versions(const std::string& qemu,
                                                 const std::stop_token& stop);

}  // namespace pyro::doctor
