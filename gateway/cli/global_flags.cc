#include "gateway/cli/global_flags.h"

namespace pyro::cli {

void add_global_flags(CliCommand& root, PathFlags& paths, std::vector<std::string>& settings) {
  root.add({.name = "--state-dir", .help = "State directory", .value_name = "DIR"},
           paths.state_dir);
  root.add({.name = "--cache-dir", .help = "Cache directory", .value_name = "DIR"},
           paths.cache_dir);
  root.add({.name = "--runtime-dir", .help = "Directory of the sockets", .value_name = "DIR"},
           paths.runtime_dir);
  root.add({.name = "--set",
            .help = "Override a setting of config.toml, as limits.max_active=2",
            .value_name = "SECTION.KEY=VALUE"},
           settings);
}

}  // namespace pyro::cli
