#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pyro::image {

/// A module that a guest wants.
struct WantedModule {
  std::string_view name;
  enum class Need { kRequired, kIfThere } need = Need::kRequired;
};

/// The modules that a guest needs: virtio over MMIO with disks, console, network, randomness and
/// vsock; the overlay; checksums by the processor.
std::span<const WantedModule> guest_modules();

/// Paths relative to lib/modules/RELEASE of the wanted modules and of all that they depend on,
/// each after what it needs. `modules_dep` and `modules_builtin` are depmod's files of that name;
/// what is built in is left out. kInvalidArgument: a required one is missing, a dependency is
/// not listed, or they form a circle.
std::vector<std::string> modules_in_load_order(std::string_view modules_dep,
                                               std::string_view modules_builtin,
                                               std::span<const WantedModule> wanted);

}  // namespace pyro::image
