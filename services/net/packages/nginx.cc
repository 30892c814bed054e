#include "services/net/packages/nginx.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <string>

#include "common/base/files.h"
#include "common/confinement/landlock.h"

namespace pyro::net {
namespace {

namespace fs = std::filesystem;

/// Its listening socket, as nginx hands it to a successor of its own: `NGINX=3;`.
constexpr int kListener = 3;
/// Of one file: what a registry sends without a length could else be without end.
constexpr std::uint64_t kMostFileBytes = 4ULL << 30U;

void add_if_there(std::vector<std::string>& list, const fs::path& path) {
  std::error_code failed;
  if (!path.empty() && fs::exists(path, failed)) list.push_back(path.string());
}

ConfinementPlan plan_of(const fs::path& program, const NginxSettings& settings) {
  ConfinementPlan plan{.owned = {settings.content().string(), settings.temporary().string()},
                       .network = true};
  add_if_there(plan.programs, program);
  for (const char* directory : {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"}) {
    add_if_there(plan.programs, directory);
  }
  add_if_there(plan.readable, settings.config_file());
  for (const char* file : {"/etc/ld.so.cache", "/etc/ssl/openssl.cnf", "/etc/localtime",
                           "/dev/urandom", "/dev/null"}) {
    add_if_there(plan.readable, file);
  }
  add_if_there(plan.writable, "/dev/null");
  std::set<fs::path> trusted;
  for (const Site& site : settings.sites) trusted.insert(site.trusted);
  for (const auto& file : trusted) add_if_there(plan.readable, file);
  return plan;
}

}  // namespace

ChildProcess start_nginx(const fs::path& program, const NginxSettings& settings, int listener,
                         int output) {
  make_private_directory(settings.directory);
  make_private_directory(settings.content());
  make_private_directory(settings.temporary());
  for (const char* name : {"body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    make_private_directory(settings.temporary() / name);
  }
  replace_file(settings.config_file(), nginx_config(settings));
  std::optional<Landlock> files;
  if (landlock_works()) files.emplace(plan_of(program, settings));
  // Nothing of our environment: it may hold what guests are not to have.
  static const char* const kEnvironment[] = {"NGINX=3;", "PATH=/usr/bin:/bin", nullptr};
  Command command{.argv = {program.string(), "-e", "stderr", "-p", settings.directory.string(),
                           "-c", settings.config_file().string()},
                  .directory = settings.directory,
                  .descriptors = {{2, output}, {kListener, listener}},
                  .parentage = Parentage::kDieWithParent,
                  .limits = {.file_size_bytes = kMostFileBytes},
                  .namespaces = CLONE_NEWUSER | CLONE_NEWPID,
                  .execute = [&files](const Execution& execution) -> const char* {
                    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "no_new_privs";
                    if (files && !files->apply()) return "landlock_restrict_self";
                    ::execve(execution.program, execution.argv,
                             const_cast<char* const*>(kEnvironment));
                    return "execve";
                  }};
  return ChildProcess(command);
}

}  // namespace pyro::net
