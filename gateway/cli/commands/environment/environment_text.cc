#include "gateway/cli/commands/environment/environment_text.h"

#include "common/base/text.h"
#include "gateway/cli/text/table.h"

namespace pyro::cli {

std::string environment_text(const api::Environment& environment) {
  std::vector<std::vector<std::string>> rows = {
      {"name", environment.name},
      {"version", environment.version},
      {"description", environment.description},
      {"platform", environment.platform},
      {"packages", join(environment.default_packages, " ")},
      {"installed", environment.installed ? "yes" : "no"}};
  if (environment.install_dir) rows.push_back({"directory", *environment.install_dir});
  if (environment.size_bytes) rows.push_back({"size", human_size(*environment.size_bytes)});
  if (environment.digest) rows.push_back({"digest", *environment.digest});
  if (environment.source) rows.push_back({"source", *environment.source});
  return table(rows);
}

}  // namespace pyro::cli
