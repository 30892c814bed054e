#include "services/net/gate/confine.h"

namespace pyro::gate {

void confine(const std::filesystem::path&) {}

}  // namespace pyro::gate
