#include "services/workspace/secrets/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "common/api/agent_secrets.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/random.h"
#include "common/base/reasons/files.h"
#include "common/base/reasons/machine.h"
#include "common/base/reasons/workspace.h"
#include "common/base/text.h"
#include "common/fault/fault.h"
#include "common/log/log.h"
#include "common/network/policy.h"
#include "services/workspace/agent_link.h"
#include "services/workspace/workspace_paths.h"

namespace pyro::workspace {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kDigits = "0123456789";

/// Of a value that goes to hosts: what servers take in a header, and no text that stands in answers
/// by chance.
constexpr std::size_t kLeastInjectedBytes = 8;
constexpr std::size_t kMostInjectedBytes = 8U << 10U;

bool is_variable_name(std::string_view name) {
  const std::string all = std::string(kLetters) + std::string(kDigits);
  return !name.empty() && kLetters.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(all) == std::string_view::npos;
}

UniqueFd open_given(const std::string& path, bool by_model) {
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  if (by_model) how.resolve = RESOLVE_NO_SYMLINKS;
  return UniqueFd(
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
}

std::string value_of(const api::GivenSecret& given) {
  if (given.value.has_value() == given.file_path.has_value()) {
    throw invalid_argument(reason::kSecretRefused,
                           "secret '{}' needs a value or a file_path, and not both", given.name);
  }
  if (given.value) return *given.value;
  const std::string shown = printable(*given.file_path);
  const UniqueFd file = open_given(*given.file_path, given.by_model);
  if (!file && errno == ENOENT) {
    throw not_found(reason::kPathMissing, "the file of secret '{}' does not exist: {}", given.name,
                    shown);
  }
  if (!file)
    throw system_error(fmt::format("open '{}', the file of secret '{}'", shown, given.name));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    throw invalid_argument(reason::kSecretRefused, "'{}', for secret '{}', is no file", shown,
                           given.name);
  }
  return read_to_end(file.get(), api::kMostSecretBytes + 1);
}

void check_value(const std::string& name, const std::string& value) {
  if (value.size() < kLeastSecretBytes) {
    throw invalid_argument(reason::kSecretRefused,
                           "the value of secret '{}' is shorter than {} bytes: to redact it would "
                           "redact everything",
                           name, kLeastSecretBytes);
  }
  if (value.size() > api::kMostSecretBytes) {
    throw invalid_argument(reason::kSecretRefused, "the value of secret '{}' is longer than {}",
                           name, human_size(api::kMostSecretBytes));
  }
}

/// What a guest has of a secret.
std::string as_guest_has(const StoredSecret& secret) {
  return secret.placeholder.empty() ? secret.value.data : secret.placeholder;
}

std::string checked_host(const std::string& secret, const std::string& text) {
  const auto host = network::host_name_of(text);
  if (!host || host->find('.') == std::string::npos) {
    throw invalid_argument(reason::kSecretRefused,
                           "'{}' is no host for secret '{}': give the whole name of one, as "
                           "api.example.com, without a '*' and without a port",
                           printable(text), secret);
  }
  return *host;
}

/// It stands in a header, and is hidden in what comes back whatever that is.
void check_header_value(const StoredSecret& secret) {
  const std::string value = secret.text();
  if (value.size() < kLeastInjectedBytes || value.size() > kMostInjectedBytes) {
    throw invalid_argument(reason::kSecretRefused,
                           "the value of secret '{}', which goes to hosts, has {} to {} bytes",
                           secret.name, kLeastInjectedBytes, kMostInjectedBytes);
  }
  const auto is_odd = [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == '\x7F'; };
  if (std::any_of(value.begin(), value.end(), is_odd) || value.front() == ' ' ||
      value.back() == ' ') {
    throw invalid_argument(reason::kSecretRefused,
                           "the value of secret '{}', which goes to hosts, is not one line that a "
                           "header can hold",
                           secret.name);
  }
}

/// Looks like a token, and is worth nothing.
std::string new_placeholder() { return "pyro_secret_" + random_hex(16); }

std::string as_variable(const StoredSecret& secret) {
  if (!secret.placeholder.empty()) return secret.placeholder;
  std::string value = secret.text();
  if (value.find('\0') != std::string::npos) {
    throw invalid_argument(reason::kSecretRefused,
                           "secret '{}' holds a zero byte, which no variable can: read "
                           "/run/pyro-secrets/{} in its place",
                           secret.name, secret.name);
  }
  return value;
}

}  // namespace

Secrets::Secrets(const Paths& paths, Workspaces& workspaces)
    : paths_(paths), workspaces_(workspaces) {
  workspaces_.add(*this);
  for (const auto& record : workspaces_.table().all()) {
    try {
      redactor(record);
    } catch (const Error& error) {
      log::error("workspace {}: {}", record.id(), error.message());
    }
  }
}

std::filesystem::path Secrets::file(const std::string& workspace_id) const {
  return WorkspacePaths(paths_, workspace_id).secrets();
}

SecretFile Secrets::taken(const std::vector<api::GivenSecret>& given) {
  SecretFile taken;
  std::vector<StoredSecret>& secrets = taken.secrets;
  for (const auto& one : given) {
    if (!is_variable_name(one.name)) {
      throw invalid_argument(reason::kSecretRefused,
                             "'{}' is no name for a secret: it begins with a letter or '_' and "
                             "holds letters, digits and '_'",
                             printable(one.name));
    }
    const auto same = [&one](const StoredSecret& other) { return other.name == one.name; };
    if (std::any_of(secrets.begin(), secrets.end(), same)) {
      throw invalid_argument(reason::kSecretRefused, "secret '{}' is given twice", one.name);
    }
    StoredSecret secret;
    secret.name = one.name;
    secret.source_kind = one.value ? api::SecretSource::kLiteral : api::SecretSource::kFile;
    secret.value.data = value_of(one);
    check_value(secret.name, secret.value.data);
    for (const auto& host : one.hosts) secret.hosts.push_back(checked_host(secret.name, host));
    if (!secret.hosts.empty()) {
      check_header_value(secret);
      secret.placeholder = new_placeholder();
    }
    secrets.push_back(std::move(secret));
  }
  const auto hosts = taken.hosts();
  if (hosts.size() > api::kMostSecretHosts) {
    throw invalid_argument(reason::kSecretRefused, "secrets go to at most {} hosts",
                           api::kMostSecretHosts);
  }
  if (!hosts.empty()) taken.authority = make_authority(hosts);
  return taken;
}

void Secrets::check_shown(const Redactor& redactor, const api::WorkspaceNames& names) {
  const auto check = [&redactor](std::string_view what, const std::string& text) {
    if (redactor.redact(text) == text) return;
    throw invalid_argument(reason::kSecretRefused,
                           "the {} of the workspace would show the value of a secret", what);
  };
  if (names.name) check("name", *names.name);
  for (const auto& [key, value] : names.labels) {
    check("labels", key);
    check("labels", value);
  }
}

void Secrets::describe(WorkspaceRecord& record, const SecretFile& secrets) const {
  record.workspace.secrets = names_of(secrets.secrets);
  if (secrets.hosts().empty()) return;
  if (record.workspace.network_policy == api::NetworkPolicy::kOff) {
    throw failed_precondition(
        reason::kSecretNeedsNetwork,
        "a secret that goes to hosts needs a network: create the workspace with network_policy "
        "egress, or give the secret without hosts");
  }
  record.secret_authority = secrets.authority.certificate;
  record.secret_file = file(record.id()).string();
}

void Secrets::keep(const std::string& workspace_id, const SecretFile& secrets) const {
  if (secrets.secrets.empty()) return;
  write_secret_file(file(workspace_id), secrets);
  fault::point("workspace.secrets.kept");
}

void Secrets::install(const WorkspaceRecord& record, const api::Machine& machine,
                      const Work& work) {
  if (record.workspace.secrets.empty()) return;
  if (machine.execution_mode == api::ExecutionMode::kHostCompat) {
    throw failed_precondition(reason::kNoGuest,
                              "secrets need a guest, and this host cannot boot one now: create the "
                              "workspace without them, or fix what `pyro doctor` names");
  }
  api::agent::InstallSecrets request;
  for (const auto& secret : read_secret_file(file(record.id())).secrets) {
    request.secrets.push_back({.name = secret.name, .value = {as_guest_has(secret)}});
  }
  fault::point("workspace.secrets.read");
  dial_agent(paths_, machine.vm_id, work).call(request, work.within(kAgentGrace));
  fault::point("workspace.secrets.installed");
  const std::lock_guard lock(mutex_);
  installed_.insert(machine.vm_id);
}

void Secrets::uninstalled(const std::string& vm_id) {
  const std::lock_guard lock(mutex_);
  installed_.erase(vm_id);
}

std::map<std::string, std::string> Secrets::environment(
    const WorkspaceRecord& record, const api::Machine& machine,
    const std::map<std::string, std::string>& secret_env, const Work& work) {
  bool there = false;
  {
    const std::lock_guard lock(mutex_);
    there = installed_.contains(machine.vm_id);
  }
  if (!there) install(record, machine, work);
  return variables(record, secret_env);
}

std::map<std::string, std::string> Secrets::variables(
    const WorkspaceRecord& record, const std::map<std::string, std::string>& secret_env) const {
  std::map<std::string, std::string> variables;
  if (secret_env.empty()) return variables;
  std::vector<StoredSecret> secrets;
  if (!record.workspace.secrets.empty()) {
    secrets = read_secret_file(file(record.id())).secrets;
  }
  for (const auto& [variable, name] : secret_env) {
    if (!is_variable_name(variable)) {
      throw invalid_argument("'{}' is not a name for an environment variable", printable(variable));
    }
    const auto found =
        std::find_if(secrets.begin(), secrets.end(),
                     [&name = name](const StoredSecret& secret) { return secret.name == name; });
    if (found == secrets.end()) {
      throw not_found(reason::kSecretMissing, "workspace '{}' has no secret '{}'", record.id(),
                      printable(name));
    }
    variables[variable] = as_variable(*found);
  }
  return variables;
}

std::shared_ptr<const Redactor> Secrets::redactor(const WorkspaceRecord& record) {
  return record.workspace.secrets.empty() ? nullptr : known_.of(file(record.id()));
}

std::vector<std::shared_ptr<const Redactor>> Secrets::redactors_of(
    const std::string& workspace_id) {
  const auto record = workspaces_.table().get(workspace_id);
  const auto one = record ? redactor(*record) : nullptr;
  if (one == nullptr) return {};
  return {one};
}

std::optional<std::string> Secrets::file_of(const WorkspaceRecord& record) const {
  if (record.workspace.secrets.empty()) return std::nullopt;
  return file(record.id()).string();
}

void Secrets::forget(const std::string& workspace_id) {
  known_.forget(file(workspace_id));
  wipe_secret_file(file(workspace_id));
  fault::point("workspace.secrets.wiped");
}

void Secrets::forget_if_possible(const std::string& workspace_id) noexcept {
  try {
    forget(workspace_id);
  } catch (const std::exception& error) {
    log::warn("workspace {}: its secrets are not wiped yet: {}", workspace_id, error.what());
  }
}

}  // namespace pyro::workspace
