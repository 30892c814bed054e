#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <string_view>

#include "common/api/json_codec.h"
#include "common/base/core_dumps.h"
#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/standard_descriptors.h"
#include "common/confinement/confinement_trial.h"
#include "services/vm/shim/shim.h"

/// `pyro-vm-shim SPEC`: keeps one machine alive. Descriptor 3 takes one byte when it is ready.
/// `pyro-vm-shim --try-confinement`: prints a ConfinementTrial as JSON.
int main(int argc, char** argv) {
  pyro::open_standard_descriptors();
  pyro::leave_no_core_dumps();
  constexpr int kReadyFd = 3;
  try {
    if (argc != 2) throw pyro::invalid_argument("usage: pyro-vm-shim SPEC | --try-confinement");
    const std::string_view word = argv[1];
    if (word == pyro::kTryConfinementWord) {
      fmt::print("{}\n", pyro::api::to_json_text(pyro::try_confinement()));
      return 0;
    }
    ::signal(SIGPIPE, SIG_IGN);
    pyro::UniqueFd ready(kReadyFd);
    const auto spec = pyro::api::from_json_text<pyro::vm::ShimSpec>(
        pyro::read_file(argv[1]), pyro::api::UnknownFields::kRefuse, argv[1]);
    if (spec.niceness != 0) ::setpriority(PRIO_PROCESS, 0, spec.niceness);
    pyro::vm::run_shim(spec, std::filesystem::path(argv[1]).parent_path(), [&ready] {
      pyro::write_all(ready.get(), "1");
      ready.reset();
    });
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
