#include "gateway/cli/commands/workspace/secret_options.h"

#include <fmt/format.h>

#include <utility>

#include "common/base/text.h"
#include "common/command_line/usage_error.h"
#include "gateway/cli/commands/workspace/host_path.h"

namespace pyro::cli {
namespace {

/// The refusal does not repeat what may be a secret.
std::pair<std::string, std::string> split_secret(std::string_view option, std::string_view what,
                                                 const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UsageError(fmt::format("{} takes NAME={}", option, what));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

void add_secret_options(CliCommand& command, std::vector<api::GivenSecret>& secrets) {
  command
      .add({.name = "--secret",
            .help = "A secret, which the guest has as /run/pyro-secrets/NAME and no output shows; "
                    "repeatable. The shell's history keeps the value: prefer --secret-file",
            .value_name = "NAME=VALUE"},
           [&secrets](const std::string& text) {
             auto [name, value] = split_secret("--secret", "VALUE", text);
             secrets.push_back({.name = std::move(name), .value = std::move(value)});
           })
      .repeatable = true;
  command
      .add({.name = "--secret-file",
            .help = "The same from a file, which is read once; repeatable",
            .value_name = "NAME=PATH"},
           [&secrets](const std::string& text) {
             auto [name, path] = split_secret("--secret-file", "PATH", text);
             secrets.push_back(
                 {.name = std::move(name), .file_path = absolute_host_path("--secret-file", path)});
           })
      .repeatable = true;
  command
      .add({.name = "--secret-host",
            .help = "A host to which the secret before it goes, in headers of HTTPS requests; its "
                    "guest then has a placeholder. Repeatable",
            .value_name = "HOST"},
           [&secrets](const std::string& host) {
             if (secrets.empty()) {
               throw UsageError("--secret-host comes after the --secret or --secret-file it is of");
             }
             secrets.back().hosts.push_back(host);
           })
      .repeatable = true;
}

void add_secret_env_option(CliCommand& command, std::map<std::string, std::string>& secret_env) {
  command
      .add({.name = "--secret-env",
            .help = "An environment variable that holds a secret of the workspace (default: that "
                    "of its own name); repeatable",
            .value_name = "VARIABLE[=SECRET]"},
           [&secret_env](const std::string& text) {
             const std::size_t equals = text.find('=');
             const std::string variable = text.substr(0, equals);
             const std::string secret =
                 equals == std::string::npos ? variable : text.substr(equals + 1);
             if (variable.empty() || secret.empty()) {
               throw UsageError(
                   "--secret-env takes VARIABLE or VARIABLE=SECRET, as in "
                   "--secret-env TOKEN=github_token");
             }
             if (!secret_env.emplace(variable, secret).second) {
               throw UsageError(fmt::format("--secret-env {} is given twice", printable(variable)));
             }
           })
      .repeatable = true;
}

}  // namespace pyro::cli
