// pull_helper ENVIRONMENTS_DIR KERNELS_DIR MIRROR|"" NAME
//
// One pull in a process of its own, so that a test can run it as another user or kill it. Prints
// the resolved files as JSON, its progress to standard error; `CODE: text` and status 1 on an
// Error.

#include <iostream>
#include <nlohmann/json.hpp>

#include "common/api/json_codec.h"
#include "services/image/debian_builder.h"
#include "services/image/environment_store.h"

int main(int argc, char** argv) {
  using namespace pyro;
  if (argc != 5) return 2;
  try {
    image::DebianBuilder builder(
        std::string(argv[3]).empty() ? std::nullopt : std::optional<std::string>(argv[3]));
    image::EnvironmentStore store({.environments_dir = argv[1], .kernels_dir = argv[2]}, builder);
    const Work work{.deadline = Clock::now() + std::chrono::minutes(10),
                    .stop = {},
                    .progress = [](const api::Progress& progress) {
                      std::cerr << progress.phase << ": " << progress.message << std::endl;
                    }};
    const auto files = store.resolve(argv[4], work);
    std::cout << api::to_json(files).dump(2) << std::endl;
    std::cout << api::to_json(store.inspect(argv[4], {})).dump(2) << std::endl;
    return 0;
  } catch (const Error& error) {
    std::cerr << to_string(error.code()) << ": " << error.message() << std::endl;
    return 1;
  }
}
